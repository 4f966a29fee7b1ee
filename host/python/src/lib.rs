//! Python bindings of encode, compare and taps: the testbench takes its golden values from here.
//!
//! Bytes in, bytes and plain Python values out; every refusal of outside bytes is a `ValueError`
//! with the text of the Rust error. `whorl.pyi` states the types.

mod parity;

use parity::{layout_pack, layout_records, layout_unpack};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use whorl_matcher::{Backend, Comparator, Comparison, Probe, Record, RecordMinutia, Role};
use whorl_template::{FingerView, LengthCheck, MINUTIAE_MAX, Minutia, MinutiaKind};

/// A minutia as Python gives it: x, y, angle, quality, kind.
type MinutiaTuple = (u16, u16, u8, u8, u8);
/// A record minutia with its descriptor as `D`: x, y, angle, descriptor, quality, kind.
type RecordMinutiaTuple<D> = (i16, i16, u8, D, u8, u8);
/// A slot as Python gets it: gx, gy, d, reference index.
type SlotTuple = (i16, i16, i8, u8);
/// A winner as Python gets it: lane, distance, accepted.
type WinnerTuple = (u8, u8, bool);

fn value_error(error: impl std::error::Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

fn role_of(role: &str) -> PyResult<Role> {
    match role {
        "probe" => Ok(Role::Probe),
        "reference" => Ok(Role::Reference),
        _ => Err(PyValueError::new_err(format!("role is {role:?}, not \"probe\" or \"reference\""))),
    }
}

/// The one record that fills `bytes`.
fn record_of(bytes: &[u8]) -> PyResult<Record> {
    let (record, length) = Record::from_bytes(bytes).map_err(value_error)?;
    if length < bytes.len() {
        let trailing = bytes.len() - length;
        return Err(PyValueError::new_err(format!("{trailing} bytes follow the record")));
    }
    Ok(record)
}

fn probe_of(bytes: &[u8]) -> PyResult<Probe> {
    Probe::new(&record_of(bytes)?).map_err(value_error)
}

fn gate_of(gate: u8) -> PyResult<u8> {
    if gate > whorl_matcher::GATE_MAX {
        return Err(PyValueError::new_err(format!("gate is {gate}, outside 0 to {}", whorl_matcher::GATE_MAX)));
    }
    Ok(gate)
}

fn comparison_dict(py: Python<'_>, comparison: Comparison) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("score", comparison.score)?;
    dict.set_item("best", comparison.best)?;
    dict.set_item("reference_lane", comparison.reference_lane)?;
    Ok(dict)
}

/// Encodes one view of an ISO/IEC 19794-2:2005 file to a packed record.
#[pyfunction]
#[pyo3(signature = (iso_bytes, view=0, role="reference"))]
fn encode<'py>(py: Python<'py>, iso_bytes: &[u8], view: usize, role: &str) -> PyResult<Bound<'py, PyBytes>> {
    let role = role_of(role)?;
    let template = whorl_template::read_any(iso_bytes, LengthCheck::Lenient).map_err(value_error)?;
    let Some(finger) = template.views.get(view) else {
        let views = template.views.len();
        return Err(PyValueError::new_err(format!("view {view} of a template with {views} views")));
    };
    let record = whorl_matcher::encode(finger, template.resolution_x, template.resolution_y, role);
    Ok(PyBytes::new(py, &record.to_bytes()))
}

/// Encodes minutiae given as (x, y, angle, quality, kind) to a packed record.
#[pyfunction]
#[pyo3(signature = (minutiae, resolution=197, role="reference", impression_type=0))]
fn encode_minutiae(
    py: Python<'_>,
    minutiae: Vec<MinutiaTuple>,
    resolution: u16,
    role: &str,
    impression_type: u8,
) -> PyResult<Py<PyBytes>> {
    let role = role_of(role)?;
    if minutiae.len() > MINUTIAE_MAX {
        let count = minutiae.len();
        return Err(PyValueError::new_err(format!("{count} minutiae exceed the limit of {MINUTIAE_MAX}")));
    }
    let minutiae = minutiae
        .into_iter()
        .map(|(x, y, angle, quality, code)| {
            let kind = MinutiaKind::from_code(code)
                .ok_or_else(|| PyValueError::new_err(format!("kind is {code}, outside 0 to 2")))?;
            Ok(Minutia { x, y, angle, quality, kind })
        })
        .collect::<PyResult<_>>()?;
    let view = FingerView { impression_type, minutiae, ..FingerView::default() };
    let record = whorl_matcher::encode(&view, resolution, resolution, role);
    Ok(PyBytes::new(py, &record.to_bytes()).unbind())
}

/// Packs record minutiae given as (x, y, angle, descriptor, quality, kind), the inverse of `unpack`.
#[pyfunction]
fn pack(py: Python<'_>, minutiae: Vec<RecordMinutiaTuple<[u8; 16]>>) -> PyResult<Py<PyBytes>> {
    let minutiae = minutiae
        .into_iter()
        .map(|(x, y, angle, descriptor, quality, kind)| RecordMinutia { x, y, angle, descriptor, quality, kind })
        .collect();
    let record = Record { minutiae };
    record.check().map_err(value_error)?;
    Ok(PyBytes::new(py, &record.to_bytes()).unbind())
}

/// Unpacks a packed record to (x, y, angle, descriptor, quality, kind) per minutia.
#[pyfunction]
fn unpack(py: Python<'_>, record_bytes: &[u8]) -> PyResult<Vec<RecordMinutiaTuple<Py<PyBytes>>>> {
    let record = record_of(record_bytes)?;
    let tuple = |m: &RecordMinutia| (m.x, m.y, m.angle, PyBytes::new(py, &m.descriptor).unbind(), m.quality, m.kind);
    Ok(record.minutiae.iter().map(tuple).collect())
}

/// The 13,312-byte probe image that the card loads.
#[pyfunction]
fn probe_image<'py>(py: Python<'py>, record_bytes: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &probe_of(record_bytes)?.image()))
}

/// Compares two packed records: score, best, reference_lane.
#[pyfunction]
#[pyo3(signature = (probe_record_bytes, reference_record_bytes, gate=whorl_matcher::GATE_DEFAULT))]
fn compare<'py>(
    py: Python<'py>,
    probe_record_bytes: &[u8],
    reference_record_bytes: &[u8],
    gate: u8,
) -> PyResult<Bound<'py, PyDict>> {
    let gate = gate_of(gate)?;
    let probe = probe_of(probe_record_bytes)?;
    record_of(reference_record_bytes)?;
    let comparison = Comparator::new(Backend::Auto).score(&probe, reference_record_bytes, gate).map_err(value_error)?;
    comparison_dict(py, comparison)
}

/// Compares two packed records and returns every intermediate value of the comparison.
#[pyfunction]
#[pyo3(signature = (probe_record_bytes, reference_record_bytes, gate=whorl_matcher::GATE_DEFAULT))]
fn taps<'py>(
    py: Python<'py>,
    probe_record_bytes: &[u8],
    reference_record_bytes: &[u8],
    gate: u8,
) -> PyResult<Bound<'py, PyDict>> {
    let gate = gate_of(gate)?;
    let probe = probe_of(probe_record_bytes)?;
    let reference = record_of(reference_record_bytes)?;
    let taps = whorl_matcher::taps(&probe, &reference, gate).map_err(value_error)?;
    let slots: Vec<Option<SlotTuple>> = taps.slots.iter().map(|s| s.map(|s| (s.x, s.y, s.d, s.index))).collect();
    let winners: Vec<Option<WinnerTuple>> =
        taps.winners.iter().map(|w| w.map(|w| (w.lane, w.distance, w.accepted))).collect();
    let list = |values: &[u8]| values.iter().map(|&value| u16::from(value)).collect::<Vec<_>>();
    let dict = comparison_dict(py, taps.comparison)?;
    dict.set_item("distances", list(&taps.distances))?;
    dict.set_item("slots", slots)?;
    dict.set_item("weights", list(&taps.weights))?;
    dict.set_item("sums", taps.sums)?;
    dict.set_item("winners", winners)?;
    Ok(dict)
}

/// CRC-32C (Castagnoli) of some bytes, as the card checks it.
#[pyfunction]
fn crc32c(data: &[u8]) -> u32 {
    ::crc32c::crc32c(data)
}

/// Bit-exact Whorl records, comparisons and their intermediate values.
#[pymodule]
mod whorl {
    #[pymodule_export]
    use super::{
        compare, crc32c, encode, encode_minutiae, layout_pack, layout_records, layout_unpack, pack, probe_image, taps,
        unpack,
    };
}
