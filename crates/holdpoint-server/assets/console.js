// What a page adds where scripts run: passkeys. Everything else works without.
'use strict';

const DOMAIN = 'holdpoint.approval.v1';
const CARD_DOMAIN = 'holdpoint.card.v1';
const utf8 = new TextEncoder();

const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const sha256 = (bytes) => crypto.subtle.digest('SHA-256', bytes);

const joined = (parts) => {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => { all.set(part, at); return at + part.length; }, 0);
  return all;
};

const length = (count) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(count));
  return bytes;
};

// SHA-256(domain ‖ 0 ‖ u64be(length) ‖ statement), as holdpoint-core::approval::challenge.
const challengeOf = (statement) => sha256(joined([utf8.encode(DOMAIN), new Uint8Array(1), length(statement.length), statement]));

// The digest of what this page really shows, as the card's digest is made.
const digestOfCard = async () => {
  const shown = [...document.querySelectorAll('#card [data-shown]')].map((element) => utf8.encode(element.textContent));
  const fields = [utf8.encode(CARD_DOMAIN), ...shown].flatMap((field) => [length(field.length), field]);
  return 'sha256:' + hex(await sha256(joined(fields)));
};

const post = async (path, body) => {
  const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const json = await answer.json().catch(() => ({ message: `The server answered ${answer.status}.` }));
  if (!answer.ok) throw new Error([json.message, json.hint].filter(Boolean).join(' '));
  return json;
};

const say = (text) => { document.querySelector('#outcome').textContent = text; };

const explain = (error) => {
  if (error.name === 'NotAllowedError') return 'The passkey did not answer: nobody touched it, or it could not tell who did. Nothing was signed.';
  if (error.name === 'SecurityError') return `This address cannot ask for your passkey. Open the console at the address that the server printed. (${error.message})`;
  return error.message;
};

const release = async (button) => {
  const card = document.querySelector('#card');
  const { ruling, person } = button.dataset;
  const { change, policy } = card.dataset;
  const shown = await digestOfCard();
  const asked = await post(`/changes/${change}/statements`, { ruling, person, shown });

  // What is about to be signed must be what stands on this page.
  const statement = bytesOf(asked.statement);
  const says = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(statement));
  const expected = { type: DOMAIN, change, policy, shown, ruling, approver: person };
  for (const [field, value] of Object.entries(expected)) {
    if (says[field] !== value) throw new Error(`The statement does not match this page: its ${field} is another. Nothing was signed.`);
  }

  const credential = await navigator.credentials.get({
    publicKey: {
      challenge: await challengeOf(statement),
      rpId: asked.relying_party,
      allowCredentials: asked.credentials.map((id) => ({ type: 'public-key', id: bytesOf(id) })),
      userVerification: 'required',
      timeout: asked.timeout_ms,
    },
  });
  const { authenticatorData, clientDataJSON, signature } = credential.response;
  await post(`/changes/${change}/rulings`, {
    statement: asked.statement,
    assertion: {
      credential_id: base64(credential.rawId),
      authenticator_data: base64(authenticatorData),
      client_data_json: base64(clientDataJSON),
      signature: base64(signature),
    },
  });
  location.reload();
};

const enrol = async (form) => {
  const code = form.querySelector('#code').value.trim();
  const label = form.querySelector('#label').value.trim();
  const begun = await post('/enrol/begin', { code });
  const credential = await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(begun.options.publicKey),
  });
  await post('/enrol/finish', { code, label, ceremony: begun.ceremony, credential: credential.toJSON() });
  location.assign('/enrol');
};

const once = (button, work) => async (event) => {
  event.preventDefault();
  button.disabled = true;
  say('');
  try {
    await work();
  } catch (error) {
    say(explain(error));
    button.disabled = false;
  }
};

const releaseButton = document.querySelector('#release');
if (releaseButton) {
  releaseButton.hidden = false;
  releaseButton.addEventListener('click', once(releaseButton, () => release(releaseButton)));
}

const form = document.querySelector('#enrol');
if (form) {
  // A code in the fragment never reaches the server's log, and is taken out of the address before anybody copies it.
  if (location.hash.length > 1) {
    form.querySelector('#code').value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, '', location.pathname);
  }
  form.addEventListener('submit', once(form.querySelector('#begin'), () => enrol(form)));
}

const copy = document.querySelector('#copy');
if (copy) {
  copy.hidden = false;
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(copy.dataset.copies).textContent);
    copy.textContent = 'Copied';
  });
}
