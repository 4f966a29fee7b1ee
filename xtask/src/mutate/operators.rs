//! How a line of RTL is changed.

/// A change of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// Line, from 0.
    pub line: usize,
    /// The line before.
    pub before: String,
    /// The line after.
    pub after: String,
    /// What was done.
    pub what: &'static str,
}

/// Replacements of one text by another, wherever it stands. Blanks around operators keep `<=` of an assignment and
/// `==` apart from what they contain.
const REPLACEMENTS: [(&str, &str, &str); 22] = [
    (" && ", " || ", "and becomes or"),
    (" || ", " && ", "or becomes and"),
    (" & ", " | ", "bitwise and becomes or"),
    (" | ", " & ", "bitwise or becomes and"),
    (" ^ ", " | ", "exclusive or becomes or"),
    (" == ", " != ", "equal becomes unequal"),
    (" != ", " == ", "unequal becomes equal"),
    (" < ", " <= ", "less becomes at most"),
    (" < ", " > ", "less becomes greater"),
    (" > ", " >= ", "greater becomes at least"),
    (" >= ", " > ", "at least becomes greater"),
    (" + ", " - ", "plus becomes minus"),
    (" - ", " + ", "minus becomes plus"),
    ("1'b1", "1'b0", "one becomes zero"),
    ("1'b0", "1'b1", "zero becomes one"),
    ("'0", "'1", "zeros become ones"),
    ("'1", "'0", "ones become zeros"),
    (" ? ", " && 1'b0 ? ", "the choice is always the second"),
    (" ? ", " || 1'b1 ? ", "the choice is always the first"),
    ("!", "", "a negation is lost"),
    ("~", "", "a complement is lost"),
    ("&", "|", "a reduction or operator becomes or"),
];

/// All mutations of a file. Comments, assertions, covers, declarations, parameters and generate checks are left alone.
pub fn mutations(text: &str) -> Vec<Mutation> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut in_assertion = false;
    let mut body = false;
    for (number, line) in lines.iter().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        let trimmed = code.trim_start();
        // The ports are over with `);` at the margin.
        body |= code.starts_with(");");
        if trimmed.starts_with('`') {
            in_assertion = true;
        }
        if !in_assertion && body && is_logic(trimmed) {
            line_mutations(number, line, code, &mut found);
        }
        if in_assertion && balanced(trimmed) {
            in_assertion = false;
        }
    }
    found
}

/// The macro call ends on this line: it closes with a parenthesis, or has none.
fn balanced(line: &str) -> bool {
    let line = line.trim_end();
    line.ends_with(')') || !line.contains('(')
}

fn is_logic(line: &str) -> bool {
    const SKIPPED: [&str; 16] = [
        "logic",
        "localparam",
        "parameter",
        "typedef",
        "input",
        "output",
        "module",
        "endmodule",
        "import",
        "for (",
        "$error",
        "//",
        "lane_t",
        "function",
        "endfunction",
        "if (Streams",
    ];
    // The conditions of checks at elaboration, whose blocks are named so, are no logic either.
    let is_check = line.contains("$error") || line.contains(": gen_check");
    !line.is_empty() && !SKIPPED.iter().any(|start| line.starts_with(start)) && !is_check
}

fn line_mutations(number: usize, line: &str, code: &str, found: &mut Vec<Mutation>) {
    let mut push = |after: String, what| {
        found.push(Mutation { line: number, before: line.to_owned(), after, what });
    };
    for (from, to, what) in REPLACEMENTS {
        for (at, _) in code.match_indices(from) {
            if from.len() == 1 && !is_lonely(code, at) {
                continue;
            }
            // A width such as 4'0 does not exist, but 1'b0 contains '0 only with its b.
            push(format!("{}{to}{}", &line[..at], &line[at + from.len()..]), what);
        }
    }
    let trimmed = code.trim();
    if let Some(condition) = code.find("if (").filter(|_| code.matches('(').count() == code.matches(')').count()) {
        // Negates the whole condition when it ends on this line.
        if let Some(end) = closing(code, condition + 3) {
            push(
                format!("{}(!{}){}", &line[..condition + 3], &line[condition + 3..=end], &line[end + 1..]),
                "a condition is negated",
            );
        }
    }
    if trimmed.contains(" <= ")
        && trimmed.ends_with(';')
        && !trimmed.starts_with("if")
        && !trimmed.contains(" begin")
        && !trimmed.starts_with("assign")
    {
        let start = code.len() - code.trim_start().len();
        if is_assignment(trimmed) {
            push(format!("{};", &line[..start]), "an assignment is lost");
        }
    }
}

/// Whether the text before `<=` is a plain target, so that the line may go without its neighbours.
fn is_assignment(trimmed: &str) -> bool {
    let target = trimmed.split(" <= ").next().unwrap_or("").trim();
    target.chars().all(|c| c.is_ascii_alphanumeric() || "_[].{},'+:-$() ".contains(c))
        && !target.contains(": ")
        && !target.contains(") ")
}

/// A one-character operator that is no part of a longer one.
fn is_lonely(code: &str, at: usize) -> bool {
    let bytes = code.as_bytes();
    let next = bytes.get(at + 1).copied().unwrap_or(b' ');
    let before = if at == 0 { b' ' } else { bytes[at - 1] };
    match bytes[at] {
        b'!' => next != b'=',
        // A reduction: `&x`, not `a & b` or `&&`.
        b'&' => before != b'&' && next != b'&' && next != b' ',
        b'~' => before != b'^' && next != b'^',
        _ => true,
    }
}

/// Index of the parenthesis that closes the one at `open`.
fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in code.char_indices().skip_while(|(at, _)| *at < open) {
        match c {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = "\
module thing (
  input logic a_i // a && b
);
  localparam int X = 1 + 2;
  assign x = a_i && !b; // never && here
  always_ff @(posedge clk_i) begin
    if (a && (b || c)) q <= '0;
    r_q <= r_q + 1'b1;
  end
  `ASSERT_IF(Name, a && b,
          c == d)
  assign y = &z;
endmodule
";

    #[test]
    fn logic_is_changed_and_nothing_else() {
        let found = mutations(MODULE);
        let lines: std::collections::BTreeSet<_> = found.iter().map(|m| m.line + 1).collect();
        assert_eq!(lines.into_iter().collect::<Vec<_>>(), [5, 7, 8, 12]);
        assert!(found.iter().all(|m| m.before != m.after));
        let after: Vec<_> = found.iter().map(|m| m.after.trim()).collect();
        for wanted in [
            "assign x = a_i || !b; // never && here",
            "assign x = a_i && b; // never && here",
            "if (!(a && (b || c))) q <= '0;",
            "if (a && (b && c)) q <= '0;",
            "if (a && (b || c)) q <= '1;",
            "r_q <= r_q - 1'b1;",
            "r_q <= r_q + 1'b0;",
            ";",
            "assign y = |z;",
        ] {
            assert!(after.contains(&wanted), "{wanted}: {after:#?}");
        }
    }
}
