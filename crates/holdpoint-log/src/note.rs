//! C2SP signed notes: text signed by one or more keys (<https://c2sp.org/signed-note>).
//!
//! In scope: reading and writing notes, Ed25519 signatures (type `0x01`), keys in their text forms.
//!
//! Out of scope: what the text says ([`crate::checkpoint`]), witnesses' signatures ([`crate::cosignature`]), where
//! keys come from and are kept (the caller's).
//!
//! A [`Note`] is not trusted because it was read: only [`Note::verify`] with a key that was configured says who
//! signed it.

mod key;

pub(crate) use key::Vkey;
pub use key::{Ed25519Signer, KeyError, KeyId, KeyName, MAX_KEY_NAME_BYTES, Signer, SignerError, Verifier};

use crate::armor;

/// A text with signatures that may or may not be good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    // INVARIANT: ends with a newline, holds no other control character.
    text: String,
    // INVARIANT: 1 ..= MAX_SIGNATURES.
    signatures: Vec<NoteSignature>,
}

/// One signature line of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoteSignature {
    name: KeyName,
    id: KeyId,
    bytes: Vec<u8>,
}

impl Note {
    /// Signs a text.
    ///
    /// # Errors
    /// When the text cannot be that of a note, or the key did not sign.
    pub fn sign(text: String, signer: &dyn Signer) -> Result<Self, Error> {
        check_text(&text)?;
        let bytes = signer.sign(text.as_bytes())?.to_vec();
        let verifier = signer.verifier();
        let signature = NoteSignature { name: verifier.name().clone(), id: verifier.id(), bytes };
        Ok(Self { text, signatures: vec![signature] })
    }

    /// Reads a note. Its limits apply before anything is decoded.
    ///
    /// # Errors
    /// When it is too large or not exactly of the form of a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(Error::TooLarge { bytes: bytes.len() });
        }
        let note = std::str::from_utf8(bytes).map_err(|_| Error::NotUtf8)?;
        // The text may itself hold empty lines; the last one is the separator.
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(Error::NoSignatures)?;
        let text = format!("{text}\n");
        check_text(&text)?;
        Ok(Self { text, signatures: parse_signatures(signatures)? })
    }

    /// Verifies that this key signed the text.
    ///
    /// Signatures of other keys are left alone, as the specification demands; every one that claims to be of this
    /// key must be good.
    ///
    /// # Errors
    /// When this key did not sign, or a signature in its name is not good.
    pub fn verify(&self, verifier: &Verifier) -> Result<(), Error> {
        let mut signatures = self.signatures_by(verifier.name(), verifier.id()).peekable();
        if signatures.peek().is_none() {
            return Err(Error::NotSignedBy { name: verifier.name().clone(), id: verifier.id() });
        }
        let all_good = signatures.all(|signature| verifier.accepts(self.text.as_bytes(), &signature.bytes));
        if all_good { Ok(()) } else { Err(Error::BadSignature { name: verifier.name().clone() }) }
    }

    /// The signed text, its last newline included. Do not act on it before [`Note::verify`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes the note: what was read, byte for byte.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for NoteSignature { name, id, bytes } in &self.signatures {
            let signature = armor::base64(&[&id.0, bytes.as_slice()].concat());
            note.push_str(&format!("{SIGNATURE_PREFIX}{name} {signature}\n"));
        }
        note
    }

    /// The raw signatures that carry this name and key id.
    pub(crate) fn signatures_by<'a>(&'a self, name: &'a KeyName, id: KeyId) -> impl Iterator<Item = &'a NoteSignature> {
        self.signatures.iter().filter(move |signature| signature.name == *name && signature.id == id)
    }
}

impl NoteSignature {
    /// The signature without the key id.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn check_text(text: &str) -> Result<(), Error> {
    if !text.ends_with('\n') {
        return Err(Error::UnfinishedLine);
    }
    match text.chars().find(|c| *c < ' ' && *c != '\n') {
        Some(control) => Err(Error::ControlCharacter { code: control.into() }),
        None => Ok(()),
    }
}

fn parse_signatures(lines: &str) -> Result<Vec<NoteSignature>, Error> {
    let lines = lines.strip_suffix('\n').ok_or(Error::UnfinishedLine)?;
    let count = lines.split('\n').count();
    if count > MAX_SIGNATURES {
        return Err(Error::TooManySignatures { count });
    }
    lines.split('\n').zip(1..).map(|(line, number)| parse_signature(line).ok_or(Error::SignatureLine { number })).collect()
}

fn parse_signature(line: &str) -> Option<NoteSignature> {
    let (name, signature) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
    let signature = armor::from_base64(signature)?;
    let (&id, bytes) = signature.split_first_chunk()?;
    if bytes.is_empty() {
        return None;
    }
    Some(NoteSignature { name: name.parse().ok()?, id: KeyId(id), bytes: bytes.to_vec() })
}

/// The largest note that is read: sixteen post-quantum signatures, which the specification demands, and room.
pub const MAX_NOTE_BYTES: usize = 128 * 1024;

/// The most signature lines that are read; the specification demands at least 16.
pub const MAX_SIGNATURES: usize = 32;

/// Em dash (U+2014) and a space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// Why a note was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A signature in the name of the key is not good.
    #[error("the signature of `{name}` does not fit the text")]
    BadSignature {
        /// The key.
        name: KeyName,
    },
    /// The text holds a control character other than newline.
    #[error("the note holds the control character {code:#04x}")]
    ControlCharacter {
        /// The character.
        code: u32,
    },
    /// There is no empty line with signatures behind it.
    #[error("the note has no signatures")]
    NoSignatures,
    /// No signature carries the name and id of the key.
    #[error("the note is not signed by `{name}` with key id {id}")]
    NotSignedBy {
        /// The key's name.
        name: KeyName,
        /// The key's id.
        id: KeyId,
    },
    /// Not UTF-8.
    #[error("the note is not UTF-8")]
    NotUtf8,
    /// A signature line is not of the form `— name base64`.
    #[error("signature line {number} is not `— name base64`")]
    SignatureLine {
        /// Which line, counted from one.
        number: usize,
    },
    /// The signer failed.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// More than [`MAX_NOTE_BYTES`].
    #[error("a note of {bytes} bytes is larger than {MAX_NOTE_BYTES}")]
    TooLarge {
        /// The size given.
        bytes: usize,
    },
    /// More than [`MAX_SIGNATURES`].
    #[error("a note with {count} signatures has more than {MAX_SIGNATURES}")]
    TooManySignatures {
        /// The number given.
        count: usize,
    },
    /// The text or the last signature does not end with a newline.
    #[error("the note ends within a line")]
    UnfinishedLine,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn signer() -> Ed25519Signer {
        Ed25519Signer::from_seed("log.example".parse().unwrap(), &[7; 32]).unwrap()
    }

    fn signed(text: &str) -> String {
        Note::sign(text.to_owned(), &signer()).unwrap().to_text()
    }

    #[test]
    fn a_signed_note_verifies_and_reads_back() {
        let text = "hello\n\nwith an empty line\n";
        let note = Note::parse(signed(text).as_bytes()).unwrap();
        assert_eq!(note.text(), text);
        assert_eq!(note.verify(signer().verifier()), Ok(()));
        assert_eq!(note.to_text(), signed(text));
    }

    #[test]
    fn signatures_of_unknown_keys_are_left_alone() {
        let other = Ed25519Signer::from_seed("other.example".parse().unwrap(), &[8; 32]).unwrap();
        let foreign = Note::sign("hello\n".to_owned(), &other).unwrap();
        assert_eq!(foreign.verify(other.verifier()), Ok(()));
        assert_eq!(
            foreign.verify(signer().verifier()),
            Err(Error::NotSignedBy { name: "log.example".parse().unwrap(), id: signer().verifier().id() })
        );
        let line = foreign.to_text().lines().last().unwrap().to_owned();
        let both = Note::parse(format!("{}{line}\n", signed("hello\n")).as_bytes()).unwrap();
        assert_eq!(both.verify(signer().verifier()), Ok(()));
        assert_eq!(both.verify(other.verifier()), Ok(()));
    }

    #[test]
    fn one_bad_signature_in_the_name_of_the_key_spoils_the_note() {
        let elsewhere = signed("another text\n").lines().last().unwrap().to_owned();
        let note = Note::parse(format!("{}{elsewhere}\n", signed("hello\n")).as_bytes()).unwrap();
        assert_eq!(note.verify(signer().verifier()), Err(Error::BadSignature { name: "log.example".parse().unwrap() }));
    }

    #[test]
    fn what_is_not_exactly_a_note_is_refused() {
        let good = signed("hello\n");
        let line = good.lines().last().unwrap();
        let cases = [
            (String::new(), Error::NoSignatures),
            ("hello\n".to_owned(), Error::NoSignatures),
            ("hello\n\n".to_owned(), Error::UnfinishedLine),
            (good.trim_end().to_owned(), Error::UnfinishedLine),
            (good.replace("hello", "hel\rlo"), Error::ControlCharacter { code: 13 }),
            (good.replace("hello", "hel\u{0}lo"), Error::ControlCharacter { code: 0 }),
            (good.replace('\u{2014}', "-"), Error::SignatureLine { number: 1 }),
            (good.replace("log.example", "log+example"), Error::SignatureLine { number: 1 }),
            (good.replace("=\n", "\n"), Error::SignatureLine { number: 1 }),
            (format!("{good}— log.example AAAAAA==\n"), Error::SignatureLine { number: 2 }),
            (format!("{good}junk\n"), Error::SignatureLine { number: 2 }),
            (format!("{good}{}", format!("{line}\n").repeat(32)), Error::TooManySignatures { count: 33 }),
            ("x".repeat(MAX_NOTE_BYTES + 1), Error::TooLarge { bytes: MAX_NOTE_BYTES + 1 }),
        ];
        for (note, error) in cases {
            assert_eq!(Note::parse(note.as_bytes()), Err(error), "{note:.60?}");
        }
        assert_eq!(Note::parse(b"hello\n\n\xff"), Err(Error::NotUtf8));
        assert_eq!(Note::sign("no newline".to_owned(), &signer()), Err(Error::UnfinishedLine));
    }

    #[test]
    fn every_single_bit_flip_is_refused() {
        let note = signed("log.example\n7\nAAAA\n").into_bytes();
        for bit in 0..note.len() * 8 {
            let mut flipped = note.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let verdict = Note::parse(&flipped).and_then(|note| note.verify(signer().verifier()));
            assert!(verdict.is_err(), "bit {bit}: {}", String::from_utf8_lossy(&flipped));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Note::parse(&bytes);
        }

        #[test]
        fn what_parses_is_written_back_byte_for_byte(text in "[a-z\n]{0,20}\n", lines in prop::collection::vec("[a-z.]{1,8} [A-Za-z0-9+/]{8}([A-Za-z0-9+/]{3}=)?", 1..4)) {
            let note: String = format!("{text}\n{}", lines.iter().map(|line| format!("— {line}\n")).collect::<String>());
            if let Ok(parsed) = Note::parse(note.as_bytes()) {
                prop_assert_eq!(parsed.to_text(), note);
            }
        }
    }
}
