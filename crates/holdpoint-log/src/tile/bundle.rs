//! Entry bundles: up to 256 entries, each behind its length in two bytes, big-endian.

use super::WIDTH;

/// Writes entries as a bundle.
///
/// # Errors
/// When there are none or too many, or one is longer than its length field can say.
pub fn encode<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, Error> {
    if entries.is_empty() || entries.len() > WIDTH {
        return Err(Error::Count { count: entries.len() });
    }
    let mut bundle = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| Error::EntryTooLong { bytes: entry.len() })?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// Splits a bundle into its `width` entries, without copying.
///
/// # Errors
/// When it holds fewer or more, or ends within one.
pub fn decode(bundle: &[u8], width: usize) -> Result<Vec<&[u8]>, Error> {
    if width == 0 || width > WIDTH {
        return Err(Error::Count { count: width });
    }
    let mut entries = Vec::with_capacity(width);
    let mut rest = bundle;
    while entries.len() < width {
        let truncated = Error::Truncated { whole: entries.len(), width };
        let (length, behind) = rest.split_first_chunk().ok_or(truncated.clone())?;
        let (entry, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(truncated)?;
        entries.push(entry);
        rest = behind;
    }
    if rest.is_empty() { Ok(entries) } else { Err(Error::Trailing { bytes: rest.len() }) }
}

/// The longest entry a bundle can carry.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// Why something is not an entry bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A bundle has 1 to [`WIDTH`] entries.
    #[error("a bundle has 1 to {WIDTH} entries, not {count}")]
    Count {
        /// The number given.
        count: usize,
    },
    /// An entry does not fit its length field.
    #[error("an entry of {bytes} bytes is longer than the {MAX_ENTRY_BYTES} a bundle can carry")]
    EntryTooLong {
        /// The length of the entry.
        bytes: usize,
    },
    /// There is something behind the last entry.
    #[error("{bytes} bytes follow the last entry")]
    Trailing {
        /// How many bytes.
        bytes: usize,
    },
    /// The bundle ends too early.
    #[error("the bundle ends after {whole} of its {width} entries")]
    Truncated {
        /// How many entries were whole.
        whole: usize,
        /// How many there should be.
        width: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_are_big_endian() {
        assert_eq!(encode(&[b"ab".as_slice(), b""]).unwrap(), [0, 2, b'a', b'b', 0, 0]);
    }

    #[test]
    fn a_bundle_of_another_shape_is_refused() {
        assert_eq!(decode(&[0, 1, b'a'], 2), Err(Error::Truncated { whole: 1, width: 2 }));
        assert_eq!(decode(&[0, 2, b'a'], 1), Err(Error::Truncated { whole: 0, width: 1 }));
        assert_eq!(decode(&[0, 1, b'a', 0, 0], 1), Err(Error::Trailing { bytes: 2 }));
        assert_eq!(decode(&[], 0), Err(Error::Count { count: 0 }));
        assert_eq!(encode::<&[u8]>(&[]), Err(Error::Count { count: 0 }));
        assert_eq!(encode(&vec![b""; 257]), Err(Error::Count { count: 257 }));
        assert_eq!(encode(&[vec![0; 65_536]]), Err(Error::EntryTooLong { bytes: 65_536 }));
    }

    proptest! {
        #[test]
        fn a_bundle_reads_back(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..=WIDTH)) {
            let bundle = encode(&entries).unwrap();
            prop_assert_eq!(decode(&bundle, entries.len()).unwrap(), entries);
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), width in 0usize..300) {
            let _ = decode(&bytes, width);
        }
    }
}
