//! What `cargo xtask guest` does inside its virtual machine: the driver under the kernel's `vfio-pci`, step by step.
//!
//! # Layout
//! - `report`: a line for each step, for the host. `bus`: the cards and what the kernel says of them.
//! - `operations`: the blocks of docs/operations.md. `commands`: steps that are commands of `whorl`. `endings`: steps in
//!   which something goes wrong. `system_calls`: what a command costs. `fixture`: the gallery, and what a right answer is.

mod bus;
mod commands;
mod endings;
mod fixture;
mod operations;
mod report;
mod system_calls;

use bus::Card;
use fixture::Fixture;
use report::{Fault, Report};
use std::process::ExitCode;
use whorl_device::with_causes;

/// First argument of the process that is to be killed.
const SEARCH_UNTIL_KILLED: &str = "search-until-killed";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [role, address] if role == SEARCH_UNTIL_KILLED => endings::search_until_killed(address),
        [terminal] => Report::open(terminal).and_then(all_steps),
        _ => Err("usage: whorl-guest TERMINAL".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("whorl-guest: {}", with_causes(&*fault));
            ExitCode::FAILURE
        }
    }
}

/// Every step; the host knows their names too, and misses those that are not reported.
fn all_steps(mut report: Report) -> Result<(), Fault> {
    let mut cards = Vec::new();
    report.step("bind", || {
        cards = bus::bind_all()?;
        bus::reserve_huge_pages(commands::HUGE_PAGES)?;
        Ok(bus::shown(&cards))
    })?;
    report.step("operations", || {
        let done = operations::run(&cards);
        // A card that was taken off the bus comes back into another group, and the page has its own number of pages.
        cards = bus::bind_all()?;
        bus::reserve_huge_pages(commands::HUGE_PAGES)?;
        done
    })?;
    let [first, second] = cards.as_slice() else { return Ok(()) };
    report.step("doctor", || commands::doctor(first))?;
    report.step("card info", || commands::card_info(first))?;
    report.step("identify", || commands::identify(first))?;
    report.step("reset by the driver", || endings::reset_by_the_driver(first))?;

    let fixture = Fixture::read()?;
    report.step("unmapped memory", || endings::unmapped_memory(first, &fixture))?;
    report.step("reset in mid-search", || endings::reset_in_mid_search(first, &fixture))?;
    report.step("reset under a pool", || endings::reset_under_a_pool(first, &fixture))?;
    report.step("kill in mid-search", || endings::kill_in_mid_search(first, &fixture))?;
    report.step("two cards", || two_cards(first, second, &fixture))?;
    report.step("system calls", || system_calls::one_for_a_completion(first, &fixture))?;
    report.step("without root", || commands::without_root(second))?;
    // The last: there are no huge pages after it.
    report.step("ordinary pages", || commands::ordinary_pages(second, &fixture))?;
    Ok(())
}

/// Both cards search at once, for other probes: neither may get the other's answers.
fn two_cards(first: &Card, second: &Card, fixture: &Fixture) -> report::Step {
    let reversed = fixture.reversed();
    let mut engines = [first.open_engine(fixture)?, second.open_engine(&reversed)?];
    let [a, b] = &mut engines;
    let start = std::sync::Barrier::new(2);
    let search = |engine: &mut _, fixture: &Fixture| {
        start.wait();
        (0..2).try_for_each(|_| fixture.check(engine).map_err(|fault| with_causes(&*fault)))
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| search(b, &reversed));
        let own = search(a, fixture);
        own.and(other.join().map_err(|_| "the search of the second card panicked".to_owned())?)
    })?;
    Ok(format!("2 x {} answers each, at once", fixture.probes()))
}
