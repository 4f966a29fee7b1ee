//! Another program's scores, over lines of text: its side of `whorl eval --matcher-command`.
//!
//! Each process is given its share of the comparisons on standard input, one line `probe<TAB>reference` of two paths each,
//! and then the end of the input. For each it prints one line, in order: the comparison score (higher is more similar),
//! and, if it measures that itself, a tab and the microseconds that the comparison took. It may read ahead and print late.
//! It ends with status 0. Comparisons are dealt in equal runs, in the order of [`pairs`], so that those of one probe
//! follow each other, and the same process gets the same ones every time.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use whorl_eval::scores::{Peer, PeerSpeed, pairs};

/// Bytes of an answer that are looked at; a number is shorter.
const ANSWER_BYTES_MAX: u64 = 256;
/// Bytes of the end of standard error that are kept.
const SAID_BYTES_MAX: usize = 500;
/// Answers that may wait to be looked at.
const BACKLOG: usize = 1024;
/// How long a process that closed its output may take to end by itself.
const ENDING: Duration = Duration::from_secs(2);

/// A program and the name of its scores: `name=program arguments`, or without a name, which is then the program's.
#[derive(Debug, Clone)]
pub struct MatcherCommand {
    /// What the report calls it.
    pub name: String,
    program: String,
    arguments: Vec<String>,
}

impl FromStr for MatcherCommand {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let (name, command) = match text.split_once('=') {
            Some((name, command)) if is_name(name) => (Some(name), command),
            _ => (None, text),
        };
        let mut words = shell_words::split(command).map_err(|error| format!("{error} in the command"))?.into_iter();
        let program = words.next().ok_or("expected [NAME=]PROGRAM [ARGUMENT]...")?;
        let own = program.rsplit('/').next().unwrap_or_default();
        let name = name.unwrap_or(own.split('.').next().unwrap_or_default());
        if !is_name(name) || ["coarse", "fine"].contains(&name) {
            return Err(format!("{name:?} cannot name a matcher: letters, digits, - _ . and neither coarse nor fine"));
        }
        Ok(Self { name: name.to_owned(), program, arguments: words.collect() })
    }
}

/// Why another program's scores could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// It did not start.
    #[error("{program} cannot be started; the program's path is needed, and leave to execute it")]
    Start {
        /// The program as it was given.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// A process ended too early, or as a failure.
    #[error("a process ended ({status}) after {answers} of its {comparisons} answers{said}")]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// Lines that it printed.
        answers: usize,
        /// Lines that were due.
        comparisons: usize,
        /// The end of its standard error.
        said: String,
    },
    /// An answer is no number.
    #[error(
        "the answer to {comparison} is {answer:?}, but a line of one number was due (a second one: its microseconds)"
    )]
    NoNumber {
        /// Probe and reference.
        comparison: String,
        /// The line.
        answer: String,
    },
    /// An answer did not come in time.
    #[error("no answer to {comparison} within {seconds} s; --matcher-timeout allows more")]
    Slow {
        /// Probe and reference.
        comparison: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A process prints on.
    #[error("a process printed {answer:?} after the answers to all its {comparisons} comparisons")]
    TooMany {
        /// The first line too many.
        answer: String,
        /// Answers that were due.
        comparisons: usize,
    },
    /// A path does not fit the protocol.
    #[error("the path {path:?} cannot be put into a line: it holds a control character or is no text; rename the file")]
    Path {
        /// The path.
        path: String,
    },
}

/// How to run a program.
#[derive(Debug, Clone, Copy)]
pub struct Running {
    /// Processes that share the comparisons.
    pub processes: usize,
    /// The longest wait for an answer.
    pub timeout: Duration,
}

/// What one process answered.
#[derive(Debug, Default)]
struct Answers {
    scores: Vec<f64>,
    /// Microseconds by its own clock, as long as each answer has them.
    own_us: Option<f64>,
    /// From its start to its last answer.
    time: Duration,
}

/// Compares every pair of files. `done` is told how many comparisons were done.
pub fn compare(
    command: &MatcherCommand,
    files: &[String],
    running: Running,
    done: impl Fn(u64) + Sync,
) -> Result<Peer, PeerError> {
    if let Some(path) =
        files.iter().find(|path| path.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER))
    {
        return Err(PeerError::Path { path: path.clone() });
    }
    let all: Vec<String> = pairs(files.len()).map(|(a, b)| format!("{}\t{}", files[a], files[b])).collect();
    let share = all.len().div_ceil(running.processes.max(1)).max(1);
    let failed = AtomicBool::new(false);
    let process = |lines| {
        let found = ask(command, lines, running.timeout, &failed, &done);
        failed.fetch_or(found.is_err(), Ordering::Relaxed);
        found
    };
    let shares: Vec<Answers> = thread::scope(|scope| {
        let process = &process;
        let processes: Vec<_> = all.chunks(share).map(|lines| scope.spawn(move || process(lines))).collect();
        processes.into_iter().map(|p| p.join().expect("a thread that does not panic")).collect::<Result<_, _>>()
    })?;
    let seconds: f64 = shares.iter().map(|s| s.time.as_secs_f64()).sum();
    let own_us = shares.iter().map(|s| s.own_us).sum::<Option<f64>>();
    let scores: Vec<f64> = shares.iter().flat_map(|s| &s.scores).copied().collect();
    let speed = PeerSpeed {
        comparisons_per_second: all.len() as f64 / seconds,
        comparison_us: own_us.map(|us| us / all.len() as f64),
        processes: shares.len(),
    };
    Ok(Peer::new(&command.name, files.len(), &scores, speed))
}

/// A process that does not outlive its use, nor do those that it started.
struct Process(Child);

impl Process {
    fn kill(&mut self) {
        if let Ok(group) = i32::try_from(self.0.id())
            && let Some(group) = rustix::process::Pid::from_raw(group)
        {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL); // it may have ended
        }
    }

    /// How it ended, or is ended if it does not.
    fn end(&mut self) -> io::Result<ExitStatus> {
        let begin = Instant::now();
        while begin.elapsed() < ENDING {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.kill();
        self.0.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let _ = self.0.wait();
    }
}

/// Runs one process over its lines.
fn ask(
    command: &MatcherCommand,
    lines: &[String],
    timeout: Duration,
    failed: &AtomicBool,
    done: &(impl Fn(u64) + Sync),
) -> Result<Answers, PeerError> {
    let start_error = |source| PeerError::Start { program: command.program.clone(), source };
    let start = Instant::now();
    let mut child = Command::new(&command.program)
        .args(&command.arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0) // so that what it starts can be ended with it
        .spawn()
        .map_err(start_error)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (stdin, stdout, stderr) = (stdin.expect("a pipe"), stdout.expect("a pipe"), stderr.expect("a pipe"));
    let mut process = Process(child);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut stdin = BufWriter::new(stdin);
            // A process that ended does not read on; that it did is found out from its answers.
            let _ = lines.iter().try_for_each(|line| writeln!(stdin, "{line}")).and_then(|()| stdin.flush());
        });
        let (send, receive) = sync_channel(BACKLOG);
        scope.spawn(move || forward(stdout, &send));
        let said = scope.spawn(move || last_words(stderr));
        let mut answers = Answers { own_us: Some(0.0), ..Answers::default() };
        let outcome = collect(&receive, lines, timeout, failed, done, &mut answers);
        answers.time = start.elapsed();
        drop(receive);
        if outcome.is_err() {
            process.kill(); // or the threads would wait for it
        }
        let status = process.end().map_err(start_error)?;
        process.kill(); // what it left behind, which may hold its standard error open
        let said = said.join().expect("a thread that does not panic");
        match outcome {
            Ok(true) if status.success() => Ok(answers),
            Ok(true | false) if failed.load(Ordering::Relaxed) => Ok(answers), // another process tells why
            Ok(_) => Err(PeerError::Ended { status, answers: answers.scores.len(), comparisons: lines.len(), said }),
            Err(error) => Err(error),
        }
    })
}

/// Passes the lines of a process on.
fn forward(stdout: impl Read, send: &SyncSender<String>) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        match stdout.by_ref().take(ANSWER_BYTES_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if send.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() => return,
            Ok(_) => {}
        }
    }
}

/// The end of what a process says on standard error.
fn last_words(mut stderr: impl Read) -> String {
    let mut kept = VecDeque::new();
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = stderr.read(&mut bytes) {
        kept.extend(&bytes[..count]);
        kept.drain(..kept.len().saturating_sub(SAID_BYTES_MAX));
    }
    let text = String::from_utf8_lossy(kept.make_contiguous()).trim().to_owned();
    if text.is_empty() { text } else { format!("; it said: {text}") }
}

/// Takes the answers as they come; false if the output ended before.
fn collect(
    receive: &Receiver<String>,
    lines: &[String],
    timeout: Duration,
    failed: &AtomicBool,
    done: &impl Fn(u64),
    answers: &mut Answers,
) -> Result<bool, PeerError> {
    let comparison = |line: &String| line.replace('\t', " with ");
    for line in lines {
        let answer = match receive.recv_timeout(timeout) {
            Ok(_) if failed.load(Ordering::Relaxed) => return Ok(false),
            Ok(answer) => answer,
            Err(RecvTimeoutError::Disconnected) => return Ok(false),
            Err(RecvTimeoutError::Timeout) => {
                return Err(PeerError::Slow { comparison: comparison(line), seconds: timeout.as_secs() });
            }
        };
        let Some((score, us)) = parse(&answer) else {
            return Err(PeerError::NoNumber { comparison: comparison(line), answer });
        };
        answers.scores.push(score);
        answers.own_us = answers.own_us.zip(us).map(|(sum, us)| sum + us);
        done(1);
    }
    match receive.recv_timeout(timeout) {
        Ok(answer) => Err(PeerError::TooMany { answer, comparisons: lines.len() }),
        Err(_) => Ok(true),
    }
}

/// A score and, where it is given, its microseconds.
fn parse(answer: &str) -> Option<(f64, Option<f64>)> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    match answer.split_once('\t') {
        None => Some((number(answer)?, None)),
        Some((score, us)) => Some((number(score)?, Some(number(us).filter(|us| *us >= 0.0)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_a_name() {
        let parse = |text: &str| text.parse::<MatcherCommand>();
        let named = parse("peer-1=/usr/bin/x -a 'b c' d=e").unwrap();
        assert_eq!((named.name.as_str(), named.program.as_str()), ("peer-1", "/usr/bin/x"));
        assert_eq!(named.arguments, ["-a", "b c", "d=e"]);
        assert_eq!(parse("./tools/matcher.sh -x=1").unwrap().name, "matcher");
        for refused in ["", "a=", "fine=x", "/usr/bin/coarse", "x 'y"] {
            assert!(parse(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn an_answer_is_a_number_or_two() {
        assert_eq!(parse("-1.5e3"), Some((-1500.0, None)));
        assert_eq!(parse("7\t2.5"), Some((7.0, Some(2.5))));
        for refused in ["", "x", "NaN", "inf", "7 8", "7\t", "7\t-1", "7\t1\t2"] {
            assert_eq!(parse(refused), None, "{refused}");
        }
    }
}
