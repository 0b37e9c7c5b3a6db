// Own the mark: a mirror that sends the sun's light on.

export function Logo() {
  return (
    <span className="logo">
      <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
        <circle className="logo-sun" cx="23" cy="9" r="5" />
        <path className="logo-mirror" d="M3.5 21 17.5 27.5 21 20 7 13.5z" />
        <path className="logo-ray" d="M19 13 13.5 18.5" />
      </svg>
      Heliostat
    </span>
  );
}
