//! Several values that a text may have: put together, and kept few.

use crate::recipe::{LINE_MAX_BYTES, UNDETERMINED};

/// Most values that one text is followed through.
pub(super) const VALUES_MAX: usize = 8;
/// Puts further text behind each of several, for each value that it may have. Where these would be too many, the first goes with the
/// first and so on: values that hang on the same condition belong together, and each still stands in some text.
pub(super) fn append(wholes: &mut Vec<String>, values: &[String]) {
    if wholes.len() * values.len() > VALUES_MAX {
        let count = wholes.len().max(values.len());
        let both = wholes.iter().cycle().zip(values.iter().cycle()).take(count);
        *wholes = both.map(|(whole, value)| format!("{whole}{value}")).collect();
    } else if let [only] = values {
        wholes.iter_mut().for_each(|whole| whole.push_str(only));
    } else {
        *wholes = wholes.iter().flat_map(|whole| values.iter().map(move |value| format!("{whole}{value}"))).collect();
    }
    for whole in wholes {
        if whole.len() > 4 * LINE_MAX_BYTES {
            UNDETERMINED.clone_into(whole);
        }
    }
}

/// The values, each once; one that is not determined where they are too many.
pub(super) fn distinct(mut values: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    values.retain(|value| {
        !kept.contains(value) && {
            kept.push(value.clone());
            true
        }
    });
    if kept.len() > VALUES_MAX { vec![UNDETERMINED.to_owned()] } else { kept }
}

/// Every combination of the values of arguments, where there are few.
pub(super) fn combined(each: &[Vec<String>]) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    for values in each {
        let unknown = [UNDETERMINED.to_owned()];
        let values = if all.len() * values.len() > VALUES_MAX { unknown.as_slice() } else { values.as_slice() };
        let with = |before: &Vec<String>, value: &String| before.iter().chain([value]).cloned().collect::<Vec<_>>();
        all = all.iter().flat_map(|before| values.iter().map(move |value| with(before, value))).collect();
    }
    all
}
