// Own how passkeys are made and used: what the server asks goes to the browser, its answer back.

const bytesOf = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};

const textOf = (buffer) => {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const described = (listed = []) => listed.map((one) => ({ ...one, id: bytesOf(one.id) }));

const askServer = async (path, formToken, sent) => {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Form-Token": formToken },
    body: JSON.stringify(sent),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail);
  return told;
};

const created = async (options) => {
  const credential = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytesOf(options.challenge),
      user: { ...options.user, id: bytesOf(options.user.id) },
      excludeCredentials: described(options.excludeCredentials),
    },
  });
  const { response } = credential;
  return {
    id: credential.id,
    rawId: textOf(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      attestationObject: textOf(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
};

const used = async (options) => {
  const credential = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytesOf(options.challenge),
      allowCredentials: described(options.allowCredentials),
    },
  });
  const { response } = credential;
  return {
    id: credential.id,
    rawId: textOf(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      authenticatorData: textOf(response.authenticatorData),
      signature: textOf(response.signature),
      userHandle: response.userHandle === null ? null : textOf(response.userHandle),
    },
  };
};

const sentence = (error) => {
  if (error.name === "NotAllowedError") return "The passkey was not used: it was cancelled, or took too long.";
  if (error.name === "InvalidStateError") return "This device already has a passkey of this account.";
  if (error.name === "SecurityError") return "Passkeys work under the address of this site only, not under a number.";
  return error.message;
};

// Each box says where to ask for options, where to bring the answer, and what is done with it.
for (const box of document.querySelectorAll("[data-passkey]")) {
  const button = box.querySelector("button");
  const problem = box.querySelector("[role=alert]");
  box.hidden = window.PublicKeyCredential === undefined;
  button.addEventListener("click", async () => {
    button.disabled = true;
    problem.hidden = true;
    try {
      const { passkey, optionsAt, answerAt, formToken } = box.dataset;
      const extra = Object.fromEntries([...box.querySelectorAll("input")].map((field) => [field.name, field.value]));
      const asked = await askServer(optionsAt, formToken, extra);
      const credential = await (passkey === "create" ? created : used)(asked);
      const done = await askServer(answerAt, formToken, { ...extra, credential });
      location.assign(done.to);
    } catch (error) {
      problem.textContent = sentence(error);
      problem.hidden = false;
      button.disabled = false;
    }
  });
}
