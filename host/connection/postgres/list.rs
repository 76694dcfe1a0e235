//! A column of arrays while it grows. One dimension only; lower bounds other than 1 are not kept.

use std::sync::Arc;

use arrow::array::{Array, ListArray, NullBufferBuilder};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType as ArrowType, Field};
use tokio_postgres::types::Type;

use super::super::trouble::Trouble;
use super::builder::Builder;
use crate::model::source::DataType;

/// A column of arrays of one dimension.
pub struct List {
    element: ArrowType,
    items: Builder,
    /// Where each array ends among the items, after a first 0.
    ends: Vec<i32>,
    validity: NullBufferBuilder,
    /// Items so far.
    count: i32,
}

impl List {
    pub fn new(of: &Type, element: &DataType) -> Self {
        let items = Builder::new(of, element);
        Self {
            element: element.to_arrow(),
            items,
            ends: vec![0],
            validity: NullBufferBuilder::new(0),
            count: 0,
        }
    }

    /// `array_send`: dimensions, a flag for nulls, the element's type, then size and lower bound per dimension.
    pub fn append(&mut self, raw: &[u8]) -> Result<(), Trouble> {
        let mut rest = raw;
        let dimensions = take_i32(&mut rest)?;
        let (_has_nulls, _element_type) = (take_i32(&mut rest)?, take_i32(&mut rest)?);
        match dimensions {
            0 => {}
            1 => {
                let (size, _lower_bound) = (take_i32(&mut rest)?, take_i32(&mut rest)?);
                if size < 0 {
                    return Err(Trouble::Malformed);
                }
                for _ in 0..size {
                    self.append_item(&mut rest)?;
                }
                self.count = self.count.checked_add(size).ok_or(Trouble::OutOfRange)?;
            }
            _ => return Err(Trouble::Dimensions),
        }
        if !rest.is_empty() {
            return Err(Trouble::Malformed);
        }
        self.ends.push(self.count);
        self.validity.append_non_null();
        Ok(())
    }

    fn append_item(&mut self, rest: &mut &[u8]) -> Result<(), Trouble> {
        let Ok(length) = usize::try_from(take_i32(rest)?) else {
            self.items.append(None)?;
            return Ok(());
        };
        let (item, tail) = rest.split_at_checked(length).ok_or(Trouble::Malformed)?;
        *rest = tail;
        self.items.append(Some(item))?;
        Ok(())
    }

    pub fn append_null(&mut self) {
        self.ends.push(self.count);
        self.validity.append_null();
    }

    pub fn finish(&mut self) -> ListArray {
        let ends = std::mem::replace(&mut self.ends, vec![0]);
        self.count = 0;
        let field = Arc::new(Field::new("element", self.element.clone(), true));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
        let items = self.items.finish();
        debug_assert_eq!(items.data_type(), field.data_type());
        ListArray::new(field, offsets, items, self.validity.finish())
    }
}

fn take_i32(rest: &mut &[u8]) -> Result<i32, Trouble> {
    let (head, tail) = rest.split_first_chunk::<4>().ok_or(Trouble::Malformed)?;
    *rest = tail;
    Ok(i32::from_be_bytes(*head))
}
