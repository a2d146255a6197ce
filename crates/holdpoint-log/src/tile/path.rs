//! `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`.

use std::fmt;
use std::str::FromStr;

use crate::armor;

use super::{HEIGHT, WIDTH};

/// Where a tile of hashes or a bundle of entries lies, relative to the root of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    // INVARIANT: a level is at most `MAX_LEVEL`.
    layer: Layer,
    // INVARIANT: at most `MAX_INDEX`.
    index: u64,
    // INVARIANT: 1 ..= WIDTH.
    width: u16,
}

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The log entries themselves.
    Entries,
    /// Tree hashes of this level: 0 for leaf hashes, then one for each full tile of the level below.
    Hashes(u8),
}

impl TilePath {
    /// Names the tile `index` of a layer with the first `width` of its hashes or entries.
    ///
    /// # Errors
    /// When level, index or width cannot occur in a tree.
    pub fn new(layer: Layer, index: u64, width: usize) -> Result<Self, Error> {
        if let Layer::Hashes(level @ MAX_LEVEL_PLUS_ONE..) = layer {
            return Err(Error::Level { level });
        }
        if index > MAX_INDEX {
            return Err(Error::Index { index });
        }
        match u16::try_from(width) {
            Ok(width) if (1..=WIDTH).contains(&usize::from(width)) => Ok(Self { layer, index, width }),
            _ => Err(Error::Width { width }),
        }
    }

    /// What the tile holds.
    #[must_use]
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// Which tile of its layer it is, counted from the left.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds: 1 to [`WIDTH`].
    #[must_use]
    pub fn width(&self) -> usize {
        usize::from(self.width)
    }

    /// Whether it holds all it can ever hold and will not change any more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width() == WIDTH
    }

    /// Whether the directory of a tree with exactly `size` leaves has this tile.
    #[must_use]
    pub fn belongs_to(&self, size: u64) -> bool {
        let level = match self.layer {
            Layer::Entries => 0,
            Layer::Hashes(level) => u32::from(level),
        };
        let hashes = size.checked_shr(level * HEIGHT).unwrap_or(0).saturating_sub(self.index << HEIGHT);
        hashes.min(WIDTH as u64) == u64::from(self.width)
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer {
            Layer::Entries => f.write_str("tile/entries/")?,
            Layer::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        let groups = std::iter::successors(Some(self.index), |rest| Some(rest / 1000).filter(|rest| *rest > 0));
        let mut groups: Vec<u64> = groups.map(|rest| rest % 1000).collect();
        let last = groups.drain(..1).next_back().unwrap_or_default();
        for group in groups.iter().rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{last:03}")?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for TilePath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_PATH_BYTES {
            return Err(Error::TooLong { bytes: text.len() });
        }
        let malformed = || Error::Malformed { path: text.to_owned() };
        let (layer, rest) = text.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or_else(malformed)?;
        let layer = read_layer(layer).ok_or_else(malformed)?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, read_partial_width(width).ok_or_else(malformed)?),
            None => (rest, WIDTH),
        };
        Self::new(layer, read_index(index).ok_or_else(malformed)?, width)
    }
}

fn read_layer(text: &str) -> Option<Layer> {
    if text == "entries" {
        return Some(Layer::Entries);
    }
    armor::decimal(text)?.try_into().ok().map(Layer::Hashes)
}

fn read_partial_width(text: &str) -> Option<usize> {
    let width = armor::decimal(text)?.try_into().ok()?;
    (1..WIDTH).contains(&width).then_some(width)
}

/// Reads `x001/x234/067` as 1234067; `x000/001` would be a second spelling of `001` and is refused.
fn read_index(text: &str) -> Option<u64> {
    if text.starts_with("x000") {
        return None;
    }
    let (high, last) = text.rsplit_once('/').map_or((None, text), |(high, last)| (Some(high), last));
    let mut index: u64 = 0;
    for group in high.into_iter().flat_map(|high| high.split('/')) {
        index = index.checked_mul(1000)?.checked_add(three_digits(group.strip_prefix('x')?)?)?;
    }
    index.checked_mul(1000)?.checked_add(three_digits(last)?)
}

fn three_digits(text: &str) -> Option<u64> {
    (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The highest level a path may name (the specification's bound; a tree of 2^63 leaves needs 7).
pub const MAX_LEVEL: u8 = 63;

/// The longest path of a tile that can exist: `tile/entries/` and six groups of digits with the width.
pub const MAX_PATH_BYTES: usize = 64;

const MAX_LEVEL_PLUS_ONE: u8 = MAX_LEVEL + 1;

/// The last tile of the lowest level of the largest tree.
const MAX_INDEX: u64 = crate::tree::MAX_SIZE >> HEIGHT;

/// Why something is not the path of a tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No tree has so many tiles.
    #[error("tile index {index} is beyond the last possible one, {MAX_INDEX}")]
    Index {
        /// The index given.
        index: u64,
    },
    /// No tree has so many levels.
    #[error("tile level {level} is beyond {MAX_LEVEL}")]
    Level {
        /// The level given.
        level: u8,
    },
    /// Not of the form `tile/<L>/<N>[.p/<W>]`.
    #[error("`{path}` is not the path of a tile")]
    Malformed {
        /// The text given.
        path: String,
    },
    /// Longer than any path of a tile.
    #[error("{bytes} bytes are more than the {MAX_PATH_BYTES} the path of a tile may have")]
    TooLong {
        /// The length given.
        bytes: usize,
    },
    /// A tile holds something, and at most [`WIDTH`].
    #[error("a tile holds 1 to {WIDTH} hashes, not {width}")]
    Width {
        /// The width given.
        width: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |layer, index, width| TilePath::new(layer, index, width).unwrap().to_string();
        assert_eq!(path(Layer::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(Layer::Hashes(1), 1, 17), "tile/1/001.p/17");
        assert_eq!(path(Layer::Entries, 273, 112), "tile/entries/273.p/112");
        assert_eq!(path(Layer::Entries, 1000, 256), "tile/entries/x001/000");
        let longest = path(Layer::Entries, MAX_INDEX, 255);
        assert!(longest.len() <= MAX_PATH_BYTES, "{longest}");
    }

    #[test]
    fn a_second_spelling_of_a_path_is_refused() {
        for text in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/0/1",
            "tile/0/0001",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/x001",
            "tile/0/x001/x002",
            "tile/00/001",
            "tile/+0/001",
            "tile/-1/001",
            "tile/8/0/001",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/01",
            "tile/0/001.p/",
            "tile/0/001.p/1/",
            "tile/data/001",
            "/tile/0/001",
            "tile/0/001 ",
            "tile/0/../001",
            "tile/0/x١/001",
        ] {
            assert_eq!(text.parse::<TilePath>(), Err(Error::Malformed { path: text.into() }));
        }
    }

    #[test]
    fn what_no_tree_has_is_refused() {
        assert_eq!("tile/64/001".parse::<TilePath>(), Err(Error::Level { level: 64 }));
        assert_eq!("tile/0/x036/x028/x797/x018/x963/968".parse::<TilePath>(), Err(Error::Index { index: MAX_INDEX + 1 }));
        assert_eq!("x".repeat(65).parse::<TilePath>(), Err(Error::TooLong { bytes: 65 }));
        assert_eq!(TilePath::new(Layer::Entries, 0, 0), Err(Error::Width { width: 0 }));
        assert_eq!(TilePath::new(Layer::Entries, 0, 257), Err(Error::Width { width: 257 }));
    }

    proptest! {
        #[test]
        fn a_path_reads_back(level in 0..=MAX_LEVEL, index in 0..=MAX_INDEX, width in 1..=WIDTH) {
            for layer in [Layer::Entries, Layer::Hashes(level)] {
                let path = TilePath::new(layer, index, width).unwrap();
                prop_assert_eq!(path.to_string().parse(), Ok(path));
            }
        }

        #[test]
        fn what_parses_has_that_one_spelling(text in "tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,3}[0-9]{1,4}(\\.p/[0-9]{1,3})?") {
            if let Ok(path) = text.parse::<TilePath>() {
                prop_assert_eq!(path.to_string(), text);
            }
        }

        #[test]
        fn arbitrary_text_does_not_panic(text in any::<String>()) {
            let _ = text.parse::<TilePath>();
        }
    }
}
