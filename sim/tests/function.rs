//! The card as a PCI function: configuration space, registers, table of vectors, resets, and clients that misbehave.

mod common;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use common::{Simulator, check_small_search};
use vfio_bindings::bindings::vfio::{
    VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_BAR2_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_MSIX_IRQ_INDEX,
};
use vfio_user::Client;
use whorl_layout::{DEVICE_MAGIC, SPEC_HASH, csr};

fn client(simulator: &Simulator) -> Client {
    drop(simulator.connect()); // it is there
    Client::new(&simulator.socket()).unwrap()
}

fn read<const N: usize>(client: &mut Client, region: u32, offset: u64) -> [u8; N] {
    let mut data = [0x5a; N];
    client.region_read(region, offset, &mut data).unwrap();
    data
}

fn register(client: &mut Client, offset: u32) -> u32 {
    u32::from_le_bytes(read(client, VFIO_PCI_BAR0_REGION_INDEX, offset.into()))
}

#[test]
fn configuration_space_is_walked_from_its_header_to_its_last_capability() {
    let simulator = Simulator::start((1, 1));
    let mut transport = simulator.connect();
    let mut read = |offset: u16| {
        let mut word = [0; 4];
        transport.config_read(offset, &mut word).unwrap();
        u32::from_le_bytes(word)
    };
    assert_eq!(read(0), 0x5748_10ee);
    assert_eq!(read(8) >> 8, 0x12_0000, "a processing accelerator");
    assert_eq!(read(4) >> 16 & 0x10, 0x10, "it has capabilities");
    let mut at = read(0x34) as u16 & 0xff;
    let mut found = Vec::new();
    while at != 0 {
        let header = read(at);
        found.push(header as u8);
        at = (header >> 8) as u16 & 0xff;
    }
    assert_eq!(found, [0x01, 0x11, 0x10]);
    assert_eq!(read(0x100), 0, "no extended capability");
}

#[test]
fn registers_answer_only_while_memory_space_is_on() {
    let simulator = Simulator::start((2, 2));
    let mut client = client(&simulator);
    assert_eq!(register(&mut client, csr::ID_MAGIC), u32::MAX);
    client.region_write(VFIO_PCI_CONFIG_REGION_INDEX, 4, &[2, 0]).unwrap();
    assert_eq!(register(&mut client, csr::ID_MAGIC), DEVICE_MAGIC);
    assert_eq!(register(&mut client, csr::ID_SPEC_HASH), SPEC_HASH);
    assert_eq!(register(&mut client, csr::CAPABILITY0), 48 << 24 | 4 << 16 | 2 << 8 | 2);
    client.region_write(VFIO_PCI_CONFIG_REGION_INDEX, 0x44, &[3]).unwrap();
    assert_eq!(register(&mut client, csr::ID_MAGIC), u32::MAX, "asleep");
}

#[test]
fn accesses_of_other_sizes_reach_the_bytes_they_name() {
    let simulator = Simulator::start((1, 1));
    let mut client = client(&simulator);
    client.region_write(VFIO_PCI_CONFIG_REGION_INDEX, 4, &[2, 0]).unwrap();
    let bar0 = VFIO_PCI_BAR0_REGION_INDEX;
    assert_eq!(read(&mut client, bar0, 1), [0x48, 0x52]);
    assert_eq!(read::<8>(&mut client, bar0, 4)[4..], SPEC_HASH.to_le_bytes());
    client.region_write(bar0, csr::ADMIN_SQ_BASE_LO.into(), &[0x40, 1, 2, 3, 4, 5, 6, 7]).unwrap();
    client.region_write(bar0, u64::from(csr::ADMIN_SQ_BASE_LO) + 1, &[9]).unwrap();
    assert_eq!(read(&mut client, bar0, csr::ADMIN_SQ_BASE_LO.into()), [0x40, 9, 2, 3, 4, 5, 6, 7]);
    assert_eq!(read(&mut client, bar0, 0xfffe), [0xff; 4], "an access beyond the end is no access");
}

#[test]
fn the_vector_table_lies_in_bar2() {
    let simulator = Simulator::start((1, 1));
    let mut client = client(&simulator);
    let bar2 = VFIO_PCI_BAR2_REGION_INDEX;
    assert_eq!(read(&mut client, bar2, 0xc), [0xff; 4]);
    client.region_write(VFIO_PCI_CONFIG_REGION_INDEX, 4, &[2, 0]).unwrap();
    assert_eq!(read(&mut client, bar2, 0xc), [1, 0, 0, 0], "masked");
    client.region_write(bar2, 0x70, &[0, 0, 0xe0, 0xfe, 1, 0, 0, 0]).unwrap();
    assert_eq!(read(&mut client, bar2, 0x70), [0, 0, 0xe0, 0xfe, 1, 0, 0, 0]);
    assert_eq!(client.get_irq_info(VFIO_PCI_MSIX_IRQ_INDEX).unwrap().count, 8);
}

#[test]
fn a_function_level_reset_resets_registers_and_command() {
    let simulator = Simulator::start((1, 1));
    let mut client = client(&simulator);
    client.region_write(VFIO_PCI_CONFIG_REGION_INDEX, 4, &[6, 0]).unwrap();
    client.region_write(VFIO_PCI_BAR0_REGION_INDEX, csr::ADMIN_CQ_BASE_HI.into(), &[1, 2, 3, 4]).unwrap();
    assert_eq!(register(&mut client, csr::ADMIN_CQ_BASE_HI), 0x0403_0201);
    client.region_write(VFIO_PCI_CONFIG_REGION_INDEX, 0x69, &[0x80]).unwrap();
    assert_eq!(read(&mut client, VFIO_PCI_CONFIG_REGION_INDEX, 4), [0, 0]);
    client.region_write(VFIO_PCI_CONFIG_REGION_INDEX, 4, &[2, 0]).unwrap();
    assert_eq!(register(&mut client, csr::ADMIN_CQ_BASE_HI), 0);
}

#[test]
fn simulated_time_stands_still_while_there_is_nothing_to_do() {
    let simulator = Simulator::start((1, 1));
    let mut client = client(&simulator);
    client.region_write(VFIO_PCI_CONFIG_REGION_INDEX, 4, &[2, 0]).unwrap();
    // Cycles from one access to the next are those of the accesses and of falling asleep, not those of a second.
    let before = register(&mut client, csr::CYCLES_LO);
    std::thread::sleep(Duration::from_secs(1));
    let between = register(&mut client, csr::CYCLES_LO) - before;
    assert!((1..2000).contains(&between), "{between} cycles");
}

/// Header of a vfio-user message.
fn message(command: u16, bytes: u32) -> Vec<u8> {
    let mut header = vec![7, 0];
    header.extend(command.to_le_bytes());
    header.extend(bytes.to_le_bytes());
    header.extend([0; 8]);
    header
}

#[test]
fn whatever_a_client_sends_the_next_one_finds_the_card_in_order() {
    let simulator = Simulator::start((1, 1));
    check_small_search(&mut simulator.open());
    let version = |text: &[u8]| {
        let mut data = message(1, 20 + text.len() as u32);
        data.extend([0; 4]);
        data.extend(text);
        data
    };
    let region = |command, region: u32, offset: u64, count: u32| {
        let mut data = message(command, 32);
        data.extend(offset.to_le_bytes());
        data.extend(region.to_le_bytes());
        data.extend(count.to_le_bytes());
        data
    };
    let attacks: [(&str, Vec<u8>); 12] = [
        ("nothing", vec![]),
        ("half a header", vec![1, 2, 3]),
        ("a version shorter than itself", message(1, 4)),
        ("a version without end", version(b"{}")),
        ("a version that is no text", version(&[0xff, 0xfe, 0])),
        ("a version with a zero inside", version(b"a\0b\0")),
        ("a command that does not exist", message(999, 16)),
        ("a command that is not served, with a body", [message(11, 4096), vec![0xaa; 4080]].concat()),
        ("a region that does not exist", region(9, 77, 0, 4)),
        ("a huge read", region(9, 0, 0, 1 << 20)),
        ("a read at the end of time", region(9, VFIO_PCI_CONFIG_REGION_INDEX, u64::MAX, 4)),
        ("noise", (0..10_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()),
    ];
    for (what, bytes) in attacks {
        let mut stream = UnixStream::connect(simulator.socket()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        stream.write_all(&bytes).unwrap();
        let _ = stream.read(&mut [0; 4096]); // an answer, an end, or silence
        drop(stream);
        let started = Instant::now();
        check_small_search(&mut simulator.open());
        assert!(started.elapsed() < Duration::from_mins(1), "after {what}");
    }
}
