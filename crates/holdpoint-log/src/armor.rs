//! The text forms that the C2SP formats share: base64, hexadecimal, decimal.
//!
//! Each has exactly one spelling for a value. What is spelt otherwise is refused, or two different texts could
//! claim to be the same signed note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Writes standard base64 with padding (RFC 4648 §4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads standard base64; `None` for missing padding, stray bits behind the last byte, or foreign characters.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Reads base64 of exactly `N` bytes.
pub(crate) fn array_from_base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Three bytes become four characters: the length is known before anything is decoded.
    if text.len() != N.div_ceil(3) * 4 {
        return None;
    }
    from_base64(text)?.try_into().ok()
}

/// Writes lower-case hexadecimal. Every entry holds some, so the formatter is not asked per byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble });
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
    }
    text
}

/// Reads lower-case hexadecimal of exactly `N` bytes.
pub(crate) fn array_from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *byte = nibble(high)? << 4 | nibble(low)?;
    }
    Some(bytes)
}

/// Reads a decimal without sign or leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if !digits || leading_zero {
        return None;
    }
    text.parse().ok()
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_one_spelling() {
        assert_eq!(from_base64("AA=="), Some(vec![0]));
        for other in ["AB==", "AA", "AA=", "AA==\n", " AA==", "A-==", "AA==AA=="] {
            assert_eq!(from_base64(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_array_is_of_its_length_or_refused() {
        let text = base64(&[7; 32]);
        assert_eq!(array_from_base64::<32>(&text), Some([7; 32]));
        assert_eq!(array_from_base64::<31>(&text), None, "31 bytes take as many characters as 32 less one pad");
        assert_eq!(array_from_base64::<33>(&text), None);
        assert_eq!(array_from_hex::<2>("00ff"), Some([0, 255]));
        assert_eq!(hex(&[0x00, 0x09, 0x9a, 0xa9, 0xf0, 0xff]), "00099aa9f0ff");
        for other in ["00f", "00FF", "0x00", "00ff0", "00fg"] {
            assert_eq!(array_from_hex::<2>(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_decimal_has_one_spelling() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for other in ["", "00", "01", "+1", "-1", "1 ", "1_0", "18446744073709551616", "١"] {
            assert_eq!(decimal(other), None, "{other:?}");
        }
    }
}
