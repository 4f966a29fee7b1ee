//! `whorl compare`: what it says of both stages, and what it draws.

use image::{ImageFormat, Rgb, RgbImage};
use roxmltree::{Document, Node};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use whorl_synth::{Distortion, Finger};
use whorl_template::{FingerView, Template, iso19794_2_2005};

/// Two impressions of a synthetic finger in a folder.
struct Files {
    folder: tempfile::TempDir,
    probe: Template,
    reference: Template,
}

impl Files {
    fn new() -> Self {
        let finger = Finger::new(7, 3);
        let impression = |number| finger.impression(number, &Distortion::default());
        Self::of(impression(1), impression(2))
    }

    fn of(probe: Template, reference: Template) -> Self {
        let files = Self { folder: tempfile::tempdir().expect("a temporary folder can be made"), probe, reference };
        for (name, template) in [("a.iso", &files.probe), ("b.iso", &files.reference)] {
            let bytes = iso19794_2_2005::write(template).expect("a template that fits the format");
            fs::write(files.path(name), bytes).expect("the folder can be written to");
        }
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn compare(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whorl"));
        command.current_dir(self.folder.path()).args(["compare", "a.iso", "b.iso"]).args(arguments);
        command.output().expect("whorl starts")
    }

    fn value(&self) -> Value {
        let output = self.compare(&["--json"]);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).expect("the output is JSON")
    }

    fn drawing(&self, arguments: &[&str]) -> String {
        let output = self.compare(&[&["--svg", "c.svg"], arguments].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        fs::read_to_string(self.path("c.svg")).expect("a drawing was written")
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn parse(svg: &str) -> Document<'_> {
    Document::parse(svg).expect("the drawing is XML")
}

fn has_class(node: &Node, class: &str) -> bool {
    node.attribute("class").is_some_and(|classes| classes.split(' ').any(|c| c == class))
}

fn group<'a>(document: &'a Document, class: &str) -> Node<'a, 'a> {
    document.descendants().find(|node| has_class(node, class)).unwrap_or_else(|| panic!("nothing of class {class}"))
}

fn number(node: &Node, name: &str) -> f64 {
    node.attribute(name).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no number {name} in {node:?}"))
}

/// Minutiae of a panel: index in the file, place on the sheet, whether it corresponds.
fn minutiae(document: &Document, class: &str) -> Vec<(usize, f64, f64, bool)> {
    let of = |n: Node| {
        let index = number(&n, "data-index") as usize;
        (index, number(&n, "data-x"), number(&n, "data-y"), has_class(&n, "matched"))
    };
    group(document, class).descendants().filter(|n| has_class(n, "minutia")).map(of).collect()
}

/// The places on the sheet of a file's minutiae that all fit one scale, which this returns, with where (0, 0) is.
fn assert_in_place(document: &Document, class: &str, view: &FingerView) -> (f64, f64, f64) {
    let drawn = minutiae(document, class);
    assert_eq!(drawn.len(), view.minutiae.len());
    let of = |nth: usize| (f64::from(view.minutiae[drawn[nth].0].x), f64::from(view.minutiae[drawn[nth].0].y));
    let far = (1..drawn.len()).max_by_key(|&nth| (of(nth).0 - of(0).0).abs() as u32).expect("two minutiae");
    let scale = (drawn[far].1 - drawn[0].1) / (of(far).0 - of(0).0);
    assert!(scale > 0.5, "scale {scale}");
    let (left, top) = (drawn[0].1 - scale * of(0).0, drawn[0].2 - scale * of(0).1);
    for (nth, &(index, x, y, _)) in drawn.iter().enumerate() {
        assert!((x - left - scale * of(nth).0).abs() < 0.1, "column of {class} minutia {index}");
        assert!((y - top - scale * of(nth).1).abs() < 0.1, "row of {class} minutia {index}");
    }
    (scale, left, top)
}

#[test]
fn both_stages_say_what_they_found() {
    let files = Files::new();
    let value = files.value();
    let found = &value["fine"];
    let number = |place: &str| found.pointer(place).and_then(Value::as_f64).unwrap_or_else(|| panic!("no {place}"));
    assert!(number("/log_odds") > 0.0);
    assert!(number("/log_likelihood_ratio") > number("/log_odds"));
    assert!(number("/transform/rotation_degrees").abs() <= 180.0);
    let pairs = found["correspondences"].as_array().expect("a list");
    assert!(pairs.len() > 5);
    for pair in pairs {
        for (side, template) in [("probe", &files.probe), ("reference", &files.reference)] {
            let index = pair[side]["index"].as_u64().expect("an index") as usize;
            let minutia = template.views[0].minutiae[index];
            assert_eq!(
                (pair[side]["x"].as_u64(), pair[side]["y"].as_u64()),
                (Some(minutia.x.into()), Some(minutia.y.into()))
            );
        }
    }
    let said = String::from_utf8(files.compare(&[]).stdout).expect("text");
    assert!(said.contains(&format!("{} correspondences: probe turned by", pairs.len())), "{said}");
    assert!(said.contains("a lead, not a verdict"), "{said}");
}

/// The transform of the JSON takes each corresponding minutia of the probe's file near its partner.
#[test]
fn the_transform_leads_from_file_to_file() {
    let files = Files::new();
    let found = &files.value()["fine"];
    let centre = |template: &Template| {
        let minutiae = &template.views[0].minutiae;
        let mean = |of: fn(&whorl_template::Minutia) -> u16| {
            minutiae.iter().map(|m| u32::from(of(m))).sum::<u32>() / minutiae.len() as u32
        };
        (f64::from(mean(|m| m.x)), f64::from(mean(|m| m.y)))
    };
    let (a, b) = (centre(&files.probe), centre(&files.reference));
    let number = |value: &Value| value.as_f64().expect("a number");
    let (sine, cosine) = number(&found["transform"]["rotation_degrees"]).to_radians().sin_cos();
    for pair in found["correspondences"].as_array().expect("a list") {
        let (x, y) = (number(&pair["probe"]["x"]) - a.0, a.1 - number(&pair["probe"]["y"]));
        let to = (number(&pair["reference"]["x"]) - b.0, b.1 - number(&pair["reference"]["y"]));
        let x_moved = x * cosine - y * sine + number(&found["transform"]["x_px"]);
        let y_moved = x * sine + y * cosine + number(&found["transform"]["y_px"]);
        let apart = (x_moved - to.0).hypot(y_moved - to.1);
        assert!((apart - number(&pair["distance_px"])).abs() < 0.01, "{pair}: {apart}");
    }
}

#[test]
fn a_drawing_shows_every_minutia_and_every_correspondence() {
    let files = Files::new();
    let svg = files.drawing(&[]);
    let document = parse(&svg);
    let (scale, ..) = assert_in_place(&document, "probe", &files.probe.views[0]);
    let (other_scale, ..) = assert_in_place(&document, "reference", &files.reference.views[0]);
    assert!((scale - other_scale).abs() < 0.01, "both fingers are drawn at one scale");

    let value = files.value();
    let pairs = value["fine"]["correspondences"].as_array().expect("a list");
    let (a, b) = (minutiae(&document, "probe"), minutiae(&document, "reference"));
    let lines: Vec<_> = group(&document, "correspondences").children().filter(|n| n.has_tag_name("line")).collect();
    assert_eq!(lines.len(), pairs.len());
    for (line, pair) in lines.iter().zip(pairs) {
        for (side, drawn, x, y) in [("probe", &a, "x1", "y1"), ("reference", &b, "x2", "y2")] {
            let index = pair[side]["index"].as_u64().expect("an index") as usize;
            let &(_, at_x, at_y, matched) = drawn.iter().find(|m| m.0 == index).expect("a mark of the minutia");
            assert!(matched && (number(line, x) - at_x).abs() < 0.1 && (number(line, y) - at_y).abs() < 0.1);
        }
    }
    for drawn in [&a, &b] {
        assert_eq!(drawn.iter().filter(|m| m.3).count(), pairs.len());
    }
    assert!(svg.contains("A lead for an examiner, never a verdict."));
    assert!(svg.contains(&format!("Coarse score {}", value["score"])));
    assert!(svg.contains(&format!("log odds {:.2}", value["fine"]["log_odds"].as_f64().expect("a number"))));
}

/// Corners of the common area of a panel, in pixels of its file.
fn common(document: &Document, class: &str, (scale, left, top): (f64, f64, f64)) -> Vec<(f64, f64)> {
    let polygon = group(document, class).children().find(|n| has_class(n, "common")).expect("a common area");
    let corner = |text: &str| {
        let (x, y) = text.split_once(',').expect("two numbers");
        let number = |text: &str| text.parse::<f64>().expect("a number");
        ((number(x) - left) / scale, (number(y) - top) / scale)
    };
    polygon.attribute("points").expect("corners").split(' ').map(corner).collect()
}

#[test]
fn a_finger_has_all_of_itself_in_common() {
    let template = Finger::new(7, 3).impression(1, &Distortion::default());
    let files = Files::of(template.clone(), template);
    let svg = files.drawing(&[]);
    let document = parse(&svg);
    let minutiae = &files.probe.views[0].minutiae;
    for class in ["probe", "reference"] {
        let place = assert_in_place(&document, class, &files.probe.views[0]);
        let corners = common(&document, class, place);
        assert!(corners.len() >= 3);
        for (x, y) in &corners {
            let nearest =
                minutiae.iter().map(|m| (f64::from(m.x) - x).hypot(f64::from(m.y) - y)).fold(f64::MAX, f64::min);
            assert!(nearest < 1.0, "corner {x}, {y} of {class} is {nearest} from every minutia");
        }
        let leftmost = minutiae.iter().map(|m| f64::from(m.x)).fold(f64::MAX, f64::min);
        assert!(corners.iter().any(|c| (c.0 - leftmost).abs() < 1.0), "the hull reaches the leftmost minutia");
    }
}

/// A file at twice the resolution is drawn at the same size, in its own pixels.
#[test]
fn another_resolution_is_drawn_at_the_same_size() {
    let template = Finger::new(7, 3).impression(1, &Distortion::clean());
    let mut fine = template.clone();
    (fine.resolution_x, fine.resolution_y) = (394, 394);
    (fine.size_x, fine.size_y) = (2 * template.size_x, 2 * template.size_y);
    fine.views[0].minutiae.iter_mut().for_each(|m| (m.x, m.y) = (2 * m.x, 2 * m.y));
    let files = Files::of(fine, template);
    let svg = files.drawing(&[]);
    let document = parse(&svg);
    let probe = assert_in_place(&document, "probe", &files.probe.views[0]);
    let reference = assert_in_place(&document, "reference", &files.reference.views[0]);
    assert!((2.0 * probe.0 - reference.0).abs() < 0.01, "{probe:?} and {reference:?}");
    for (a, b) in common(&document, "probe", probe).iter().zip(common(&document, "reference", reference)) {
        assert!((a.0 / 2.0 - b.0).abs() < 1.5 && (a.1 / 2.0 - b.1).abs() < 1.5, "{a:?} and {b:?}");
    }
}

#[test]
fn images_lie_behind_their_minutiae() {
    let files = Files::new();
    let (width, height) = (u32::from(files.probe.size_x), u32::from(files.probe.size_y));
    let picture = RgbImage::from_fn(width, height, |x, y| Rgb([(x + y) as u8, 0, 255]));
    for (name, format) in [("p.tif", ImageFormat::Tiff), ("p.bmp", ImageFormat::Bmp), ("p.jpg", ImageFormat::Jpeg)] {
        picture.save_with_format(files.path(name), format).expect("the image can be written");
        let svg = files.drawing(&["--probe-image", name, "--reference-image", name]);
        let document = parse(&svg);
        for class in ["probe", "reference"] {
            let template = if class == "probe" { &files.probe } else { &files.reference };
            let (scale, left, top) = assert_in_place(&document, class, &template.views[0]);
            let image = group(&document, class).children().find(|n| n.has_tag_name("image")).expect("an image");
            assert!((number(&image, "x") - left).abs() < 0.2 && (number(&image, "y") - top).abs() < 0.2, "{name}");
            assert!((number(&image, "width") - scale * f64::from(width)).abs() < 0.5, "{name}");
            assert!((number(&image, "height") - scale * f64::from(height)).abs() < 0.5, "{name}");
            assert!(
                image.attribute("href").is_some_and(|uri| uri.starts_with("data:image/png;base64,iVBOR")),
                "{name}"
            );
        }
    }
}

fn refusal(files: &Files, arguments: &[&str]) -> (Option<i32>, String) {
    let output = files.compare(arguments);
    (output.status.code(), stderr(&output))
}

#[test]
fn images_that_cannot_be_drawn_are_refused_by_name() {
    let files = Files::new();
    fs::write(files.path("text.png"), "no image").expect("the folder can be written to");
    RgbImage::new(60, 60).save(files.path("whole.png")).expect("the image can be written");
    let bytes = fs::read(files.path("whole.png")).expect("it was just written");
    fs::write(files.path("cut.png"), &bytes[..bytes.len() / 2]).expect("the folder can be written to");
    RgbImage::new(8193, 1).save(files.path("wide.bmp")).expect("the image can be written");
    for name in ["text.png", "cut.png", "wide.bmp"] {
        let (code, said) = refusal(&files, &["--svg", "c.svg", "--probe-image", name]);
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains(name) && said.contains("cannot be drawn as an image"), "{said}");
        assert!(!Path::new(&files.path("c.svg")).exists(), "no drawing of half a comparison");
    }
    let (code, said) = refusal(&files, &["--svg", "c.svg", "--reference-image", "absent.png"]);
    assert!(code == Some(3) && said.contains("absent.png"), "{said}");
    let (code, said) = refusal(&files, &["--reference-image", "whole.png"]);
    assert!(code == Some(2) && said.contains("--svg"), "{said}");
}

#[test]
fn fingers_without_minutiae_are_drawn_as_such() {
    let mut empty = Template::new(300, 400);
    empty.views.push(FingerView::default());
    let files = Files::of(empty.clone(), empty);
    let svg = files.drawing(&[]);
    let document = parse(&svg);
    assert_eq!(document.descendants().filter(|n| has_class(n, "minutia") || n.has_tag_name("line")).count(), 0);
    assert!(svg.contains("No transform was found."));
    assert_eq!(files.value()["fine"]["transform"], Value::Null);
}
