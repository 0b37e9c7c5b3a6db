// Own how the token behind the # of an address gets into its form, and out of the address.

const form = document.querySelector("form[data-takes-token]");
const token = decodeURIComponent(location.hash.slice(1));

if (form !== null && token !== "") {
  form.elements.token.value = token;
  form.querySelector("[data-by-hand]").hidden = true;
  form.querySelector("[data-by-link]").hidden = false;
  history.replaceState(null, "", location.pathname);
  form.querySelector("button").focus();
}
