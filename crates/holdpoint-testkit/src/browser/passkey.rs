//! A virtual authenticator of the browser. Its private keys can be read, which no test should forget.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::page::Page;

/// What an authenticator does when it is asked who touches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// It says that it knows the finger.
    Passes,
    /// It says that it does not.
    Fails,
}

/// A virtual authenticator, touched at once whenever it asks, until told otherwise.
pub struct Passkey<'a> {
    page: &'a Page,
    id: Value,
}

impl Page {
    /// Plugs in a virtual authenticator.
    ///
    /// # Errors
    /// Fails where the browser does.
    pub fn plug_in(&self, verification: Verification) -> anyhow::Result<Passkey<'_>> {
        let options = json!({
            "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal",
            "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": verification == Verification::Passes, "automaticPresenceSimulation": true,
        });
        let added = self.call("WebAuthn.addVirtualAuthenticator", json!({ "options": options }))?;
        Ok(Passkey { page: self, id: added.get("authenticatorId").cloned().context("an authenticator")? })
    }
}

impl Passkey<'_> {
    /// Says from now on what `verification` says.
    ///
    /// # Errors
    /// Fails where the browser does.
    pub fn verifies(&self, verification: Verification) -> anyhow::Result<()> {
        let verified = verification == Verification::Passes;
        self.page.call("WebAuthn.setUserVerified", json!({ "authenticatorId": self.id, "isUserVerified": verified })).map(drop)
    }

    /// Leaves it untouched from now on.
    ///
    /// # Errors
    /// Fails where the browser does.
    pub fn leave(&self) -> anyhow::Result<()> {
        let params = json!({ "authenticatorId": self.id, "enabled": false });
        self.page.call("WebAuthn.setAutomaticPresenceSimulation", params).map(drop)
    }

    /// The keys it holds, private halves included.
    ///
    /// # Errors
    /// Fails where the browser does.
    pub fn keys(&self) -> anyhow::Result<Vec<Value>> {
        let held = self.page.call("WebAuthn.getCredentials", json!({ "authenticatorId": self.id }))?;
        Ok(held.get("credentials").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    /// Puts a key from elsewhere into it.
    ///
    /// # Errors
    /// Fails where the browser does.
    pub fn take(&self, key: &Value) -> anyhow::Result<()> {
        self.page.call("WebAuthn.addCredential", json!({ "authenticatorId": self.id, "credential": key })).map(drop)
    }
}
