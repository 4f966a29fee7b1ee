//! Every record of the specification as Rust has it, for the comparison with the hardware's structs.

#[path = "layout_records.rs"]
#[allow(clippy::all, clippy::pedantic)] // generated text
mod records;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use records::RECORDS;

/// One record: how its fields become bytes and back. Each element of an array is a field of its own.
pub(crate) struct Parity {
    name: &'static str,
    bytes: usize,
    widths: &'static [u32],
    pack: fn(&[u64]) -> Vec<u8>,
    unpack: fn(&[u8]) -> Vec<u64>,
}

fn record(number: usize) -> PyResult<&'static Parity> {
    RECORDS.get(number).ok_or_else(|| PyValueError::new_err(format!("record is {number}, there are {}", RECORDS.len())))
}

/// Name, bytes and field widths of every record.
#[pyfunction]
pub(crate) fn layout_records() -> Vec<(&'static str, usize, Vec<u32>)> {
    RECORDS.iter().map(|r| (r.name, r.bytes, r.widths.to_vec())).collect()
}

/// The bytes of a record with these fields.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // PyO3 hands lists over by value
pub(crate) fn layout_pack(number: usize, fields: Vec<u64>) -> PyResult<Vec<u8>> {
    let record = record(number)?;
    let fits = |(&value, &width): (&u64, &u32)| width == 64 || value >> width == 0;
    if fields.len() != record.widths.len() || !fields.iter().zip(record.widths).all(fits) {
        return Err(PyValueError::new_err(format!("{} has fields of {:?} bits", record.name, record.widths)));
    }
    Ok((record.pack)(&fields))
}

/// The fields of a record's bytes.
#[pyfunction]
pub(crate) fn layout_unpack(number: usize, bytes: &[u8]) -> PyResult<Vec<u64>> {
    let record = record(number)?;
    if bytes.len() != record.bytes {
        return Err(PyValueError::new_err(format!("{} has {} bytes, not {}", record.name, record.bytes, bytes.len())));
    }
    Ok((record.unpack)(bytes))
}
