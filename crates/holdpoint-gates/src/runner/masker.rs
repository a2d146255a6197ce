//! Masks secrets in output as it passes by.
//!
//! It knows the secrets' exact bytes, and the ways in which programs print bytes: as they are, in base 64 at any of its three
//! alignments, in hexadecimal digits, percent-encoded, and inside JSON strings. A program that wants to give a secret away can
//! still do so, letter by letter; that is why what may run with it is decided first.

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use holdpoint_core::mask::MASK;

/// Shortest secret that is masked: a shorter one stands everywhere by chance.
pub(super) const SECRET_MIN_BYTES: usize = 6;
/// So much of a secret at the very end of the output is masked although the rest never came.
const TORN_MIN_BYTES: usize = 4;

/// The secrets of one act, in all the ways in which they are masked.
#[derive(Clone)]
pub(super) struct Secrets {
    // INVARIANT: the longest first, none empty.
    needles: Vec<Vec<u8>>,
}

impl Secrets {
    /// Takes in the values that nobody may read.
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut needles: Vec<Vec<u8>> = values.flat_map(spellings).filter(|needle| needle.len() >= SECRET_MIN_BYTES).collect();
        needles.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        Self { needles }
    }
}

/// Masks one stream.
pub(super) struct Masker<'a> {
    secrets: &'a Secrets,
    /// The end of what came so far, where it may be the beginning of a secret.
    held: Vec<u8>,
}

impl<'a> Masker<'a> {
    /// A stream of which nothing has come yet.
    pub(super) const fn new(secrets: &'a Secrets) -> Self {
        Self { secrets, held: Vec::new() }
    }

    /// Takes in more of the stream, and gives what can be shown of it now.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = std::mem::take(&mut self.held);
        text.extend_from_slice(bytes);
        let mut shown = Vec::with_capacity(text.len());
        let mut rest = text.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            if self.secrets.needles.iter().any(|needle| needle.len() > rest.len() && needle.starts_with(rest)) {
                self.held = rest.to_vec();
                break;
            }
            match self.secrets.needles.iter().find(|needle| rest.starts_with(needle)) {
                Some(needle) => {
                    shown.extend_from_slice(MASK.as_bytes());
                    rest = rest.get(needle.len()..).unwrap_or_default();
                }
                None => {
                    shown.push(*first);
                    rest = behind;
                }
            }
        }
        shown
    }

    /// Gives what was held back when the stream has ended.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        // What is held may hide a whole shorter secret behind the beginning of a longer one.
        let whole = self.secrets.needles.iter().any(|needle| held.windows(needle.len()).any(|window| window == needle));
        if whole || held.len() >= TORN_MIN_BYTES { MASK.as_bytes().to_vec() } else { held }
    }
}

/// The ways in which programs print a value.
fn spellings(value: &str) -> Vec<Vec<u8>> {
    let bytes = value.as_bytes();
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = bytes.iter().map(|byte| percent_encoded(*byte)).collect();
    let json = serde_json::to_string(value).unwrap_or_default();
    let mut spelled = vec![value.to_owned(), hexadecimal.to_uppercase(), hexadecimal, percent.to_lowercase(), percent];
    spelled.push(json.trim_matches('"').to_owned());
    for alignment in 0..3 {
        spelled.push(inside_base64(bytes, alignment, &STANDARD_NO_PAD));
        spelled.push(inside_base64(bytes, alignment, &URL_SAFE_NO_PAD));
    }
    // A value of several lines may be printed line by line.
    spelled.extend(value.lines().map(str::to_owned));
    spelled.into_iter().map(String::into_bytes).collect()
}

fn percent_encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

/// The characters of base 64 that hang on these bytes alone, when so many bytes of a group of three come before them.
fn inside_base64(bytes: &[u8], alignment: usize, engine: &impl base64::Engine) -> String {
    let padded: Vec<u8> = std::iter::repeat_n(0, alignment).chain(bytes.iter().copied()).collect();
    let encoded = engine.encode(&padded);
    let (first, last) = ((alignment * 8).div_ceil(6), padded.len() * 8 / 6);
    encoded.get(first..last).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    fn masked(secrets: &[&str], chunks: &[&[u8]]) -> String {
        let secrets = Secrets::of(secrets.iter().copied());
        let mut masker = Masker::new(&secrets);
        let mut shown: Vec<u8> = chunks.iter().flat_map(|chunk| masker.take(chunk)).collect();
        shown.extend(masker.finish());
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn a_secret_is_masked_however_it_is_cut() {
        let text = b"password is hunter2-and-more, done";
        for cut in 0..text.len() {
            let (one, two) = text.split_at(cut);
            assert_eq!(masked(&["hunter2-and-more"], &[one, two]), "password is [masked], done", "cut at {cut}");
        }
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(masked(&["hunter2-and-more"], &single), "password is [masked], done");
    }

    #[test]
    fn a_longer_secret_hides_behind_no_shorter_one() {
        assert_eq!(masked(&["hunter", "hunter2-and-more"], &[b"hunter", b"2-and-more."]), "[masked].");
        assert_eq!(masked(&["hunter", "hunter2-and-more"], &[b"hunter", b"2 ok"]), "[masked]2 ok");
        assert_eq!(masked(&["hunter", "hunter2-and-more"], &[b"hunter2-an"]), "[masked]");
    }

    #[test]
    fn a_secret_that_another_program_encoded_is_masked() {
        let secret = "p4ss/w+rd\"x";
        for before in ["", "a", "ab", "abc"] {
            let encoded = STANDARD.encode(format!("{before}{secret}\n"));
            assert!(masked(&[secret], &[encoded.as_bytes()]).contains("[masked]"), "{encoded}");
        }
        for printed in ["703473732f772b72642278", "703473732F772B72642278", "p4ss%2Fw%2Brd%22x", "{\"pw\":\"p4ss/w+rd\\\"x\"}"] {
            assert!(masked(&[secret], &[printed.as_bytes()]).contains("[masked]"), "{printed}");
        }
    }

    #[test]
    fn what_is_torn_off_at_the_end_is_no_way_to_read_most_of_it() {
        assert_eq!(masked(&["hunter2-and-more"], &[b"so: hunter2-and-mor"]), "so: [masked]");
        assert_eq!(masked(&["hunter2-and-more"], &[b"so: hu"]), "so: hu");
    }

    #[test]
    fn what_holds_no_secret_passes_byte_for_byte() {
        let bytes: Vec<u8> = (0..=255).collect();
        let secrets = Secrets::of(["hunter2-and-more"].into_iter());
        assert_eq!(Masker::new(&secrets).take(&bytes), bytes);
    }
}
