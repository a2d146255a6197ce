//! The texts that can stand in the fields of an envelope.

use std::fmt;
use std::str::FromStr;

use crate::armor;
use crate::canonical;
use crate::hash;

/// A name for an entry, a subject or an actor: 1 to [`MAX_TOKEN_BYTES`] visible ASCII characters, no spaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(String);

impl Token {
    /// Lends the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let fits = (1..=MAX_TOKEN_BYTES).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(FieldError::Token { text: shown(text) })
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of thing happened: words `[a-z][a-z0-9_]*` with dots between, such as `permit.consumed`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(String);

impl Kind {
    /// Lends the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Kind {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        if text.len() <= MAX_KIND_BYTES && text.split('.').all(canonical::is_key) {
            Ok(Self(text.to_owned()))
        } else {
            Err(FieldError::Kind { text: shown(text) })
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A SHA-256 digest as entries write it: `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Hashes bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(hash::sha256(&[bytes]).0)
    }
}

impl FromStr for Digest {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let hex = text.strip_prefix(DIGEST_PREFIX);
        let bytes = hex.and_then(armor::array_from_hex).map(Self);
        bytes.ok_or_else(|| FieldError::Digest { text: shown(text) })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(DIGEST_PREFIX)?;
        f.write_str(&armor::hex(&self.0))
    }
}

/// A moment in UTC to the microsecond, from 1970 to the end of the year 9999: `2026-11-20T06:00:00.000000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    // INVARIANT: at most MAX_UNIX_MICROS.
    unix_micros: u64,
}

impl Timestamp {
    /// The last microsecond that has a text form.
    pub const MAX_UNIX_MICROS: u64 = 253_402_300_800_000_000 - 1;

    /// Takes a moment as microseconds since 1970.
    ///
    /// # Errors
    /// When it lies beyond the year 9999.
    pub fn from_unix_micros(unix_micros: u64) -> Result<Self, FieldError> {
        if unix_micros > Self::MAX_UNIX_MICROS {
            return Err(FieldError::TimestampRange { unix_micros });
        }
        Ok(Self { unix_micros })
    }

    /// The moment as microseconds since 1970.
    #[must_use]
    pub fn unix_micros(self) -> u64 {
        self.unix_micros
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.unix_micros / MICROS_PER_S, self.unix_micros % MICROS_PER_S);
        let (year, month, day) = civil_from_days(seconds / S_PER_DAY);
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

impl FromStr for Timestamp {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let malformed = || FieldError::Timestamp { text: shown(text) };
        let moment = read_moment(text).ok_or_else(malformed)?;
        // The 31st of April came out as the 1st of May: only what is written back the same is a date.
        if moment.to_string() == text { Ok(moment) } else { Err(malformed()) }
    }
}

/// Reads the digits of a moment, without asking whether there is such a day.
fn read_moment(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let (time, micros) = time.split_once('.')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let [micros] = numbers(micros, '.')?;
    let in_range = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !in_range || hour > 23 || minute > 59 || second > 59 || micros >= MICROS_PER_S {
        return None;
    }
    let seconds = days_from_civil(year, month, day) * S_PER_DAY + hour * 3600 + minute * 60 + second;
    Timestamp::from_unix_micros(seconds * MICROS_PER_S + micros).ok()
}

fn numbers<const N: usize>(text: &str, separator: char) -> Option<[u64; N]> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?;
    text.split(separator).map(digits).collect::<Option<Vec<u64>>>()?.try_into().ok()
}

/// Days since 1970 of a date in the Gregorian calendar, for years from 1970 on.
///
/// Years are counted from March, so that the leap day is the last of its year (Howard Hinnant, "chrono-compatible
/// low-level date algorithms").
fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year;
    days - DAYS_TO_1970
}

/// The date of a day counted from 1970: the inverse of [`days_from_civil`].
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

/// The longest name of an entry, a subject or an actor.
pub const MAX_TOKEN_BYTES: usize = 128;

/// The longest kind.
pub const MAX_KIND_BYTES: usize = 64;

/// How much of a foreign text an error repeats.
const SHOWN_CHARS: usize = 64;

const DIGEST_PREFIX: &str = "sha256:";
const MICROS_PER_S: u64 = 1_000_000;
const S_PER_DAY: u64 = 86_400;
/// From the first of March of the year 0 to the first of January 1970.
const DAYS_TO_1970: u64 = 719_468;
/// After 400 years the Gregorian calendar repeats.
const DAYS_PER_ERA: u64 = 146_097;

/// Why a text cannot stand in a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// Not `sha256:` and hexadecimal digits.
    #[error("`{text}` is not `{DIGEST_PREFIX}` and 64 lower-case hexadecimal digits")]
    Digest {
        /// The text, cut to a bearable length.
        text: String,
    },
    /// Not words with dots between.
    #[error("`{text}` is not a kind: words [a-z][a-z0-9_]* with dots between, at most {MAX_KIND_BYTES} bytes")]
    Kind {
        /// The text, cut to a bearable length.
        text: String,
    },
    /// Not a moment in the one accepted form.
    #[error("`{text}` is not a moment of the form 2026-11-20T06:00:00.000000Z")]
    Timestamp {
        /// The text, cut to a bearable length.
        text: String,
    },
    /// Beyond the year 9999.
    #[error("{unix_micros} microseconds since 1970 lie beyond the year 9999")]
    TimestampRange {
        /// The moment given.
        unix_micros: u64,
    },
    /// Empty, too long, or with spaces or foreign characters.
    #[error("`{text}` is not 1 to {MAX_TOKEN_BYTES} visible ASCII characters")]
    Token {
        /// The text, cut to a bearable length.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The seconds are from GNU `date -u -d … +%s`.
    #[test]
    fn moments_are_those_of_the_calendar() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000000Z"),
            (1_795_154_400, "2026-11-20T06:00:00.000000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
            (253_402_300_799, "9999-12-31T23:59:59.000000Z"),
        ];
        for (seconds, text) in cases {
            let moment = Timestamp::from_unix_micros(seconds * MICROS_PER_S).unwrap();
            assert_eq!(moment.to_string(), text);
            assert_eq!(text.parse(), Ok(moment));
        }
        assert!(Timestamp::from_unix_micros(Timestamp::MAX_UNIX_MICROS + 1).is_err());
    }

    #[test]
    fn a_moment_has_one_spelling_and_exists() {
        for text in [
            "",
            "2026-11-20",
            "2026-11-20T06:00:00Z",
            "2026-11-20T06:00:00.000Z",
            "2026-11-20T06:00:00.000000",
            "2026-11-20T06:00:00.000000z",
            "2026-11-20t06:00:00.000000Z",
            "2026-11-20T06:00:00.000000+00:00",
            "2026-11-20 06:00:00.000000Z",
            "2026-02-29T00:00:00.000000Z",
            "2100-02-29T00:00:00.000000Z",
            "2026-04-31T00:00:00.000000Z",
            "2026-13-01T00:00:00.000000Z",
            "2026-00-01T00:00:00.000000Z",
            "2026-01-00T00:00:00.000000Z",
            "2026-01-01T24:00:00.000000Z",
            "2026-01-01T00:60:00.000000Z",
            "2026-01-01T00:00:60.000000Z",
            "1969-12-31T23:59:59.999999Z",
            "+2026-01-01T00:00:00.000000Z",
            "2026-1-01T00:00:00.000000Z",
            "10000-01-01T00:00:00.000000Z",
            "99999999999999999999-01-01T00:00:00.000000Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(FieldError::Timestamp { text: text.into() }));
        }
    }

    #[test]
    fn tokens_and_kinds_have_their_alphabets() {
        for text in ["a", "agent:7f3a", "chg_01J", &"t".repeat(128)] {
            assert!(text.parse::<Token>().is_ok(), "{text}");
        }
        for text in ["", "a b", "a\n", "ä", "a\u{7f}", &"t".repeat(129)] {
            assert!(text.parse::<Token>().is_err(), "{text}");
        }
        for text in ["a", "permit.consumed", "a.b_c.d1"] {
            assert!(text.parse::<Kind>().is_ok(), "{text}");
        }
        for text in ["", ".", "a.", ".a", "a..b", "A", "a-b", "1", &"k".repeat(65)] {
            assert!(text.parse::<Kind>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_reads_back(micros in 0..=Timestamp::MAX_UNIX_MICROS) {
            let moment = Timestamp::from_unix_micros(micros).unwrap();
            prop_assert_eq!(moment.to_string().parse(), Ok(moment));
        }

        #[test]
        fn dates_and_days_agree_every_day_is_the_next(day in 0u64..2_932_896) {
            let (year, month, date) = civil_from_days(day);
            prop_assert_eq!(days_from_civil(year, month, date), day);
            let next = civil_from_days(day + 1);
            prop_assert!(next == (year, month, date + 1) || next == (year, month + 1, 1) || next == (year + 1, 1, 1));
        }

        #[test]
        fn arbitrary_text_does_not_panic(text in any::<String>()) {
            let _ = (text.parse::<Timestamp>(), text.parse::<Token>(), text.parse::<Kind>(), text.parse::<Digest>());
        }
    }
}
