//! Minutiae files in requests.

use crate::refusal::Violations;
use tonic::Status;
use whorl_matcher::{Probe, Record, Role, encode};
use whorl_search::ProbeFinger;
use whorl_search::cascade::FINGERS_MAX;
use whorl_template::iso19794_2_2005::FILE_BYTES_MAX;
use whorl_template::{LengthCheck, Template, read_any};

/// Finger views of one encounter at most: ten plain, ten rolled, and palms' worth of retakes.
pub const VIEWS_MAX: usize = 32;

/// A finger view as it is enrolled.
#[derive(Debug)]
pub struct EncodedView {
    /// Finger position, 0..=10.
    pub position: u8,
    /// Which template of the request, and which view of it, from 0.
    pub template: u8,
    /// See `template`.
    pub number: u8,
    /// The packed record.
    pub record: Record,
}

/// Reads and encodes the views of 1..=`views_max` fingers.
///
/// # Errors
/// INVALID_ARGUMENT that names each template that cannot be used, and why.
pub fn views(templates: &[Vec<u8>], views_max: usize, role: Role) -> Result<Vec<EncodedView>, Status> {
    let mut violations = Violations::default();
    if !(1..=views_max).contains(&templates.len()) {
        violations.add("templates", format!("{} minutiae files, must be 1 to {views_max}", templates.len()));
    }
    let mut views = Vec::new();
    for (nth, bytes) in templates.iter().take(views_max).enumerate() {
        match read(bytes) {
            Ok(template) => {
                let (x, y) = (template.resolution_x, template.resolution_y);
                views.extend(template.views.iter().take(views_max + 1).enumerate().map(|(view, of)| EncodedView {
                    position: of.position,
                    template: nth as u8,
                    number: view as u8,
                    record: encode(of, x, y, role),
                }));
            }
            Err(what) => violations.add(format!("templates[{nth}]"), what),
        }
    }
    violations.expect(
        views.len() <= views_max,
        "templates",
        format!("more than {views_max} finger views; send them in several requests"),
    );
    violations.check()?;
    Ok(views)
}

fn read(bytes: &[u8]) -> Result<Template, String> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(format!("{} bytes, more than the {FILE_BYTES_MAX} of a minutiae file", bytes.len()));
    }
    let template = read_any(bytes, LengthCheck::Lenient).map_err(|error| error.to_string())?;
    if template.views.is_empty() {
        return Err("the file holds no finger view".into());
    }
    if let Some(view) = template.views.iter().find(|view| view.position > 10) {
        return Err(format!("finger position {}, must be 0 (unknown) to 10", view.position));
    }
    Ok(template)
}

/// The fingers of a probe.
///
/// # Errors
/// As [`views`].
pub fn fingers(templates: &[Vec<u8>]) -> Result<Vec<ProbeFinger>, Status> {
    let finger = |view: EncodedView| {
        let probe = Probe::new(&view.record)
            .map_err(|error| crate::refusal::field(format!("templates[{}]", view.template), error.to_string()))?;
        Ok(ProbeFinger { probe, position: view.position })
    };
    views(templates, FINGERS_MAX, Role::Probe)?.into_iter().map(finger).collect()
}
