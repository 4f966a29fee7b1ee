//! Fenced blocks of a page of Markdown, so that what a page tells its reader to type can be run.

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What stands behind the fence.
    pub kind: String,
    /// Line of the page, from 1.
    pub line: usize,
    /// What stands in it.
    pub contents: String,
}

/// Every fenced block of `page`, in order; an error if the last does not end.
pub fn blocks(page: &str) -> Result<Vec<Block>, String> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    for (line, text) in (1..).zip(page.lines()) {
        match (text.trim_start().strip_prefix("```"), blocks.last_mut().filter(|_| inside)) {
            (Some(_), Some(_)) => inside = false,
            (Some(kind), None) => {
                blocks.push(Block { kind: kind.to_owned(), line, contents: String::new() });
                inside = true;
            }
            (None, Some(block)) => {
                block.contents.push_str(text);
                block.contents.push('\n');
            }
            (None, None) => {}
        }
    }
    if inside { Err(format!("line {}: the block does not end", blocks[blocks.len() - 1].line)) } else { Ok(blocks) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_kind_line_and_contents_in_lists_too() {
        let found = blocks("a\n```sh\nx\n\ny\n```\n- b\n  ```sh guest\n  z\n  ```\n").expect("they end");
        let block = |kind: &str, line, contents: &str| Block { kind: kind.into(), line, contents: contents.into() };
        assert_eq!(found, [block("sh", 2, "x\n\ny\n"), block("sh guest", 8, "  z\n")]);
        assert_eq!(blocks("```sh\nx\n").expect_err("it does not end"), "line 1: the block does not end");
    }
}
