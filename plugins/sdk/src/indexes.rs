//! What the indexes of a table mean for a read: which columns identify a row, and which order costs nothing. Pure;
//! `catalog` fills it.

/// An index that holds every row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    pub is_primary: bool,
    pub is_unique: bool,
    /// Not one of hashes.
    pub is_ordered: bool,
    /// Positions of its key columns, in its order.
    pub columns: Vec<usize>,
}

/// Sets of columns that identify a row: the primary key, then others, narrowest first. `width` is how many bytes a column
/// has at most, none if it may be null.
pub fn keys(indexes: &[Index], width: impl Fn(usize) -> Option<u64>) -> Vec<Vec<usize>> {
    let mut keys = Vec::new();
    for index in indexes.iter().filter(|index| index.is_unique) {
        let widths = index.columns.iter().map(|column| width(*column));
        if let Some(bytes) = widths.sum::<Option<u64>>() {
            let rank = (!index.is_primary, index.columns.len(), bytes);
            keys.push((rank, index.columns.clone()));
        }
    }
    keys.sort();
    keys.into_iter().map(|(_, columns)| columns).collect()
}

/// The columns by which an index begins: it can be read from either end.
pub fn ordered(indexes: &[Index]) -> Vec<usize> {
    let ordered = indexes.iter().filter(|index| index.is_ordered);
    ordered
        .filter_map(|index| index.columns.first().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(is_primary: bool, columns: &[usize]) -> Index {
        Index {
            is_primary,
            is_unique: true,
            is_ordered: true,
            columns: columns.to_vec(),
        }
    }

    #[test]
    fn the_primary_key_comes_first_and_then_the_narrowest() {
        let indexes = [
            index(false, &[2]),
            index(false, &[1, 3]),
            index(false, &[3]),
            index(true, &[0, 1]),
        ];
        let width = |column| Some([8, 8, 100, 4][column]);
        let expected = [vec![0, 1], vec![3], vec![2], vec![1, 3]];
        assert_eq!(keys(&indexes, width), expected);
    }

    #[test]
    fn what_may_be_null_or_twice_identifies_nothing() {
        let twice = Index {
            is_unique: false,
            ..index(false, &[0])
        };
        let indexes = [index(false, &[0, 1]), twice];
        let width = |column| (column == 0).then_some(8);
        assert!(keys(&indexes, width).is_empty());
    }

    #[test]
    fn hashes_have_no_order() {
        let hash = Index {
            is_ordered: false,
            ..index(true, &[0])
        };
        assert_eq!(ordered(&[hash, index(false, &[2, 1])]), [2]);
    }
}
