//! Generated from spec/*.rdl by `cargo xtask gen`; do not edit.

use super::Parity;
use whorl_layout::*;
use zerocopy::{FromBytes, IntoBytes};

/// Every record of the specification.
pub(crate) const RECORDS: &[Parity] = &[
    Parity {
        name: "record_line",
        bytes: 64,
        widths: &[32, 32, 32, 32, 12, 12, 8, 32, 32, 32, 32, 12, 12, 8, 32, 32, 32, 32, 12, 12, 8, 8, 8, 8, 2, 5, 1],
        pack: |f| {
            let mut r = RecordLine::default();
            r.descriptor_0[0] = (f[0] as u32).into();
            r.descriptor_0[1] = (f[1] as u32).into();
            r.descriptor_0[2] = (f[2] as u32).into();
            r.descriptor_0[3] = (f[3] as u32).into();
            r.set_x_0(f[4] as u32);
            r.set_y_0(f[5] as u32);
            r.set_angle_0(f[6] as u32);
            r.descriptor_1[0] = (f[7] as u32).into();
            r.descriptor_1[1] = (f[8] as u32).into();
            r.descriptor_1[2] = (f[9] as u32).into();
            r.descriptor_1[3] = (f[10] as u32).into();
            r.set_x_1(f[11] as u32);
            r.set_y_1(f[12] as u32);
            r.set_angle_1(f[13] as u32);
            r.descriptor_2[0] = (f[14] as u32).into();
            r.descriptor_2[1] = (f[15] as u32).into();
            r.descriptor_2[2] = (f[16] as u32).into();
            r.descriptor_2[3] = (f[17] as u32).into();
            r.set_x_2(f[18] as u32);
            r.set_y_2(f[19] as u32);
            r.set_angle_2(f[20] as u32);
            r.set_meta_0(f[21] as u32);
            r.set_meta_1(f[22] as u32);
            r.set_meta_2(f[23] as u32);
            r.set_count(f[24] as u32);
            r.set_line(f[25] as u32);
            r.set_last(f[26] as u32);
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = RecordLine::read_from_bytes(b).expect("the record's own size");
            vec![
                r.descriptor_0[0].get().into(),
                r.descriptor_0[1].get().into(),
                r.descriptor_0[2].get().into(),
                r.descriptor_0[3].get().into(),
                r.x_0().into(),
                r.y_0().into(),
                r.angle_0().into(),
                r.descriptor_1[0].get().into(),
                r.descriptor_1[1].get().into(),
                r.descriptor_1[2].get().into(),
                r.descriptor_1[3].get().into(),
                r.x_1().into(),
                r.y_1().into(),
                r.angle_1().into(),
                r.descriptor_2[0].get().into(),
                r.descriptor_2[1].get().into(),
                r.descriptor_2[2].get().into(),
                r.descriptor_2[3].get().into(),
                r.x_2().into(),
                r.y_2().into(),
                r.angle_2().into(),
                r.meta_0().into(),
                r.meta_1().into(),
                r.meta_2().into(),
                r.count().into(),
                r.line().into(),
                r.last().into(),
            ]
        },
    },
    Parity {
        name: "rotation",
        bytes: 4,
        widths: &[13, 13],
        pack: |f| {
            let mut r = Rotation::default();
            r.set_rx(f[0] as u32);
            r.set_ry(f[1] as u32);
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = Rotation::read_from_bytes(b).expect("the record's own size");
            vec![r.rx().into(), r.ry().into()]
        },
    },
    Parity {
        name: "extent",
        bytes: 64,
        widths: &[64, 32, 32, 32, 32, 8, 1, 23, 32, 32, 32, 32, 32, 32, 32, 32, 32],
        pack: |f| {
            let mut r = Extent::default();
            r.address = (f[0] as u64).into();
            r.lines = (f[1] as u32).into();
            r.records = (f[2] as u32).into();
            r.base_index = (f[3] as u32).into();
            r.crc32c = (f[4] as u32).into();
            r.set_memory(f[5] as u32);
            r.set_known_answer(f[6] as u32);
            r.set_reserved_flags(f[7] as u32);
            r.reserved_tail[0] = (f[8] as u32).into();
            r.reserved_tail[1] = (f[9] as u32).into();
            r.reserved_tail[2] = (f[10] as u32).into();
            r.reserved_tail[3] = (f[11] as u32).into();
            r.reserved_tail[4] = (f[12] as u32).into();
            r.reserved_tail[5] = (f[13] as u32).into();
            r.reserved_tail[6] = (f[14] as u32).into();
            r.reserved_tail[7] = (f[15] as u32).into();
            r.reserved_tail[8] = (f[16] as u32).into();
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = Extent::read_from_bytes(b).expect("the record's own size");
            vec![
                r.address.get().into(),
                r.lines.get().into(),
                r.records.get().into(),
                r.base_index.get().into(),
                r.crc32c.get().into(),
                r.memory().into(),
                r.known_answer().into(),
                r.reserved_flags().into(),
                r.reserved_tail[0].get().into(),
                r.reserved_tail[1].get().into(),
                r.reserved_tail[2].get().into(),
                r.reserved_tail[3].get().into(),
                r.reserved_tail[4].get().into(),
                r.reserved_tail[5].get().into(),
                r.reserved_tail[6].get().into(),
                r.reserved_tail[7].get().into(),
                r.reserved_tail[8].get().into(),
            ]
        },
    },
    Parity {
        name: "result_header",
        bytes: 64,
        widths: &[32, 32, 32, 8, 8, 16, 64, 64, 64, 64, 64, 32, 32],
        pack: |f| {
            let mut r = ResultHeader::default();
            r.comparisons = (f[0] as u32).into();
            r.candidates = (f[1] as u32).into();
            r.passed = (f[2] as u32).into();
            r.stream = f[3] as u8;
            r.probe_slot = f[4] as u8;
            r.known_answers = (f[5] as u16).into();
            r.cycles = (f[6] as u64).into();
            r.minutiae = (f[7] as u64).into();
            r.stall_starved = (f[8] as u64).into();
            r.stall_engine = (f[9] as u64).into();
            r.stall_collect = (f[10] as u64).into();
            r.lines = (f[11] as u32).into();
            r.known_answer_signature = (f[12] as u32).into();
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = ResultHeader::read_from_bytes(b).expect("the record's own size");
            vec![
                r.comparisons.get().into(),
                r.candidates.get().into(),
                r.passed.get().into(),
                r.stream.into(),
                r.probe_slot.into(),
                r.known_answers.get().into(),
                r.cycles.get().into(),
                r.minutiae.get().into(),
                r.stall_starved.get().into(),
                r.stall_engine.get().into(),
                r.stall_collect.get().into(),
                r.lines.get().into(),
                r.known_answer_signature.get().into(),
            ]
        },
    },
    Parity {
        name: "candidate",
        bytes: 8,
        widths: &[32, 16],
        pack: |f| {
            let mut r = Candidate::default();
            r.index = (f[0] as u32).into();
            r.score = (f[1] as u16).into();
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = Candidate::read_from_bytes(b).expect("the record's own size");
            vec![r.index.get().into(), r.score.get().into()]
        },
    },
    Parity {
        name: "sqe",
        bytes: 64,
        widths: &[8, 8, 16, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32],
        pack: |f| {
            let mut r = Sqe::default();
            r.opcode = f[0] as u8;
            r.flags = f[1] as u8;
            r.tag = (f[2] as u16).into();
            r.words[0] = (f[3] as u32).into();
            r.words[1] = (f[4] as u32).into();
            r.words[2] = (f[5] as u32).into();
            r.words[3] = (f[6] as u32).into();
            r.words[4] = (f[7] as u32).into();
            r.words[5] = (f[8] as u32).into();
            r.words[6] = (f[9] as u32).into();
            r.words[7] = (f[10] as u32).into();
            r.words[8] = (f[11] as u32).into();
            r.words[9] = (f[12] as u32).into();
            r.words[10] = (f[13] as u32).into();
            r.words[11] = (f[14] as u32).into();
            r.words[12] = (f[15] as u32).into();
            r.words[13] = (f[16] as u32).into();
            r.words[14] = (f[17] as u32).into();
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = Sqe::read_from_bytes(b).expect("the record's own size");
            vec![
                r.opcode.into(),
                r.flags.into(),
                r.tag.get().into(),
                r.words[0].get().into(),
                r.words[1].get().into(),
                r.words[2].get().into(),
                r.words[3].get().into(),
                r.words[4].get().into(),
                r.words[5].get().into(),
                r.words[6].get().into(),
                r.words[7].get().into(),
                r.words[8].get().into(),
                r.words[9].get().into(),
                r.words[10].get().into(),
                r.words[11].get().into(),
                r.words[12].get().into(),
                r.words[13].get().into(),
                r.words[14].get().into(),
            ]
        },
    },
    Parity {
        name: "sqe_load_probe",
        bytes: 64,
        widths: &[8, 8, 16, 8, 8, 64, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32],
        pack: |f| {
            let mut r = SqeLoadProbe::default();
            r.opcode = f[0] as u8;
            r.flags = f[1] as u8;
            r.tag = (f[2] as u16).into();
            r.probe_slot = f[3] as u8;
            r.gate = f[4] as u8;
            r.image_address = (f[5] as u64).into();
            r.crc32c = (f[6] as u32).into();
            r.reserved_tail[0] = (f[7] as u32).into();
            r.reserved_tail[1] = (f[8] as u32).into();
            r.reserved_tail[2] = (f[9] as u32).into();
            r.reserved_tail[3] = (f[10] as u32).into();
            r.reserved_tail[4] = (f[11] as u32).into();
            r.reserved_tail[5] = (f[12] as u32).into();
            r.reserved_tail[6] = (f[13] as u32).into();
            r.reserved_tail[7] = (f[14] as u32).into();
            r.reserved_tail[8] = (f[15] as u32).into();
            r.reserved_tail[9] = (f[16] as u32).into();
            r.reserved_tail[10] = (f[17] as u32).into();
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = SqeLoadProbe::read_from_bytes(b).expect("the record's own size");
            vec![
                r.opcode.into(),
                r.flags.into(),
                r.tag.get().into(),
                r.probe_slot.into(),
                r.gate.into(),
                r.image_address.get().into(),
                r.crc32c.get().into(),
                r.reserved_tail[0].get().into(),
                r.reserved_tail[1].get().into(),
                r.reserved_tail[2].get().into(),
                r.reserved_tail[3].get().into(),
                r.reserved_tail[4].get().into(),
                r.reserved_tail[5].get().into(),
                r.reserved_tail[6].get().into(),
                r.reserved_tail[7].get().into(),
                r.reserved_tail[8].get().into(),
                r.reserved_tail[9].get().into(),
                r.reserved_tail[10].get().into(),
            ]
        },
    },
    Parity {
        name: "sqe_search",
        bytes: 64,
        widths: &[8, 8, 16, 32, 64, 32, 16, 16, 32, 64, 32, 32, 32, 32, 32, 32],
        pack: |f| {
            let mut r = SqeSearch::default();
            r.opcode = f[0] as u8;
            r.flags = f[1] as u8;
            r.tag = (f[2] as u16).into();
            r.probe_mask = (f[3] as u32).into();
            r.extents_address = (f[4] as u64).into();
            r.extent_count = (f[5] as u32).into();
            r.threshold = (f[6] as u16).into();
            r.top_k = (f[7] as u16).into();
            r.result_stride = (f[8] as u32).into();
            r.result_address = (f[9] as u64).into();
            r.reserved_tail[0] = (f[10] as u32).into();
            r.reserved_tail[1] = (f[11] as u32).into();
            r.reserved_tail[2] = (f[12] as u32).into();
            r.reserved_tail[3] = (f[13] as u32).into();
            r.reserved_tail[4] = (f[14] as u32).into();
            r.reserved_tail[5] = (f[15] as u32).into();
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = SqeSearch::read_from_bytes(b).expect("the record's own size");
            vec![
                r.opcode.into(),
                r.flags.into(),
                r.tag.get().into(),
                r.probe_mask.get().into(),
                r.extents_address.get().into(),
                r.extent_count.get().into(),
                r.threshold.get().into(),
                r.top_k.get().into(),
                r.result_stride.get().into(),
                r.result_address.get().into(),
                r.reserved_tail[0].get().into(),
                r.reserved_tail[1].get().into(),
                r.reserved_tail[2].get().into(),
                r.reserved_tail[3].get().into(),
                r.reserved_tail[4].get().into(),
                r.reserved_tail[5].get().into(),
            ]
        },
    },
    Parity {
        name: "sqe_copy",
        bytes: 64,
        widths: &[8, 8, 16, 8, 8, 64, 64, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32],
        pack: |f| {
            let mut r = SqeCopy::default();
            r.opcode = f[0] as u8;
            r.flags = f[1] as u8;
            r.tag = (f[2] as u16).into();
            r.source_memory = f[3] as u8;
            r.destination_memory = f[4] as u8;
            r.source_address = (f[5] as u64).into();
            r.destination_address = (f[6] as u64).into();
            r.lines = (f[7] as u32).into();
            r.crc32c = (f[8] as u32).into();
            r.reserved_tail[0] = (f[9] as u32).into();
            r.reserved_tail[1] = (f[10] as u32).into();
            r.reserved_tail[2] = (f[11] as u32).into();
            r.reserved_tail[3] = (f[12] as u32).into();
            r.reserved_tail[4] = (f[13] as u32).into();
            r.reserved_tail[5] = (f[14] as u32).into();
            r.reserved_tail[6] = (f[15] as u32).into();
            r.reserved_tail[7] = (f[16] as u32).into();
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = SqeCopy::read_from_bytes(b).expect("the record's own size");
            vec![
                r.opcode.into(),
                r.flags.into(),
                r.tag.get().into(),
                r.source_memory.into(),
                r.destination_memory.into(),
                r.source_address.get().into(),
                r.destination_address.get().into(),
                r.lines.get().into(),
                r.crc32c.get().into(),
                r.reserved_tail[0].get().into(),
                r.reserved_tail[1].get().into(),
                r.reserved_tail[2].get().into(),
                r.reserved_tail[3].get().into(),
                r.reserved_tail[4].get().into(),
                r.reserved_tail[5].get().into(),
                r.reserved_tail[6].get().into(),
                r.reserved_tail[7].get().into(),
            ]
        },
    },
    Parity {
        name: "sqe_create_queue_pair",
        bytes: 64,
        widths: &[8, 8, 16, 8, 8, 64, 64, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32],
        pack: |f| {
            let mut r = SqeCreateQueuePair::default();
            r.opcode = f[0] as u8;
            r.flags = f[1] as u8;
            r.tag = (f[2] as u16).into();
            r.queue_index = f[3] as u8;
            r.entries_log2 = f[4] as u8;
            r.sq_address = (f[5] as u64).into();
            r.cq_address = (f[6] as u64).into();
            r.reserved_tail[0] = (f[7] as u32).into();
            r.reserved_tail[1] = (f[8] as u32).into();
            r.reserved_tail[2] = (f[9] as u32).into();
            r.reserved_tail[3] = (f[10] as u32).into();
            r.reserved_tail[4] = (f[11] as u32).into();
            r.reserved_tail[5] = (f[12] as u32).into();
            r.reserved_tail[6] = (f[13] as u32).into();
            r.reserved_tail[7] = (f[14] as u32).into();
            r.reserved_tail[8] = (f[15] as u32).into();
            r.reserved_tail[9] = (f[16] as u32).into();
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = SqeCreateQueuePair::read_from_bytes(b).expect("the record's own size");
            vec![
                r.opcode.into(),
                r.flags.into(),
                r.tag.get().into(),
                r.queue_index.into(),
                r.entries_log2.into(),
                r.sq_address.get().into(),
                r.cq_address.get().into(),
                r.reserved_tail[0].get().into(),
                r.reserved_tail[1].get().into(),
                r.reserved_tail[2].get().into(),
                r.reserved_tail[3].get().into(),
                r.reserved_tail[4].get().into(),
                r.reserved_tail[5].get().into(),
                r.reserved_tail[6].get().into(),
                r.reserved_tail[7].get().into(),
                r.reserved_tail[8].get().into(),
                r.reserved_tail[9].get().into(),
            ]
        },
    },
    Parity {
        name: "sqe_delete_queue_pair",
        bytes: 64,
        widths: &[8, 8, 16, 8, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32],
        pack: |f| {
            let mut r = SqeDeleteQueuePair::default();
            r.opcode = f[0] as u8;
            r.flags = f[1] as u8;
            r.tag = (f[2] as u16).into();
            r.queue_index = f[3] as u8;
            r.reserved_tail[0] = (f[4] as u32).into();
            r.reserved_tail[1] = (f[5] as u32).into();
            r.reserved_tail[2] = (f[6] as u32).into();
            r.reserved_tail[3] = (f[7] as u32).into();
            r.reserved_tail[4] = (f[8] as u32).into();
            r.reserved_tail[5] = (f[9] as u32).into();
            r.reserved_tail[6] = (f[10] as u32).into();
            r.reserved_tail[7] = (f[11] as u32).into();
            r.reserved_tail[8] = (f[12] as u32).into();
            r.reserved_tail[9] = (f[13] as u32).into();
            r.reserved_tail[10] = (f[14] as u32).into();
            r.reserved_tail[11] = (f[15] as u32).into();
            r.reserved_tail[12] = (f[16] as u32).into();
            r.reserved_tail[13] = (f[17] as u32).into();
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = SqeDeleteQueuePair::read_from_bytes(b).expect("the record's own size");
            vec![
                r.opcode.into(),
                r.flags.into(),
                r.tag.get().into(),
                r.queue_index.into(),
                r.reserved_tail[0].get().into(),
                r.reserved_tail[1].get().into(),
                r.reserved_tail[2].get().into(),
                r.reserved_tail[3].get().into(),
                r.reserved_tail[4].get().into(),
                r.reserved_tail[5].get().into(),
                r.reserved_tail[6].get().into(),
                r.reserved_tail[7].get().into(),
                r.reserved_tail[8].get().into(),
                r.reserved_tail[9].get().into(),
                r.reserved_tail[10].get().into(),
                r.reserved_tail[11].get().into(),
                r.reserved_tail[12].get().into(),
                r.reserved_tail[13].get().into(),
            ]
        },
    },
    Parity {
        name: "sqe_abort",
        bytes: 64,
        widths: &[8, 8, 16, 8, 16, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32],
        pack: |f| {
            let mut r = SqeAbort::default();
            r.opcode = f[0] as u8;
            r.flags = f[1] as u8;
            r.tag = (f[2] as u16).into();
            r.queue_index = f[3] as u8;
            r.target_tag = (f[4] as u16).into();
            r.reserved_tail[0] = (f[5] as u32).into();
            r.reserved_tail[1] = (f[6] as u32).into();
            r.reserved_tail[2] = (f[7] as u32).into();
            r.reserved_tail[3] = (f[8] as u32).into();
            r.reserved_tail[4] = (f[9] as u32).into();
            r.reserved_tail[5] = (f[10] as u32).into();
            r.reserved_tail[6] = (f[11] as u32).into();
            r.reserved_tail[7] = (f[12] as u32).into();
            r.reserved_tail[8] = (f[13] as u32).into();
            r.reserved_tail[9] = (f[14] as u32).into();
            r.reserved_tail[10] = (f[15] as u32).into();
            r.reserved_tail[11] = (f[16] as u32).into();
            r.reserved_tail[12] = (f[17] as u32).into();
            r.reserved_tail[13] = (f[18] as u32).into();
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = SqeAbort::read_from_bytes(b).expect("the record's own size");
            vec![
                r.opcode.into(),
                r.flags.into(),
                r.tag.get().into(),
                r.queue_index.into(),
                r.target_tag.get().into(),
                r.reserved_tail[0].get().into(),
                r.reserved_tail[1].get().into(),
                r.reserved_tail[2].get().into(),
                r.reserved_tail[3].get().into(),
                r.reserved_tail[4].get().into(),
                r.reserved_tail[5].get().into(),
                r.reserved_tail[6].get().into(),
                r.reserved_tail[7].get().into(),
                r.reserved_tail[8].get().into(),
                r.reserved_tail[9].get().into(),
                r.reserved_tail[10].get().into(),
                r.reserved_tail[11].get().into(),
                r.reserved_tail[12].get().into(),
                r.reserved_tail[13].get().into(),
            ]
        },
    },
    Parity {
        name: "sqe_reset_queue_pair",
        bytes: 64,
        widths: &[8, 8, 16, 8, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32],
        pack: |f| {
            let mut r = SqeResetQueuePair::default();
            r.opcode = f[0] as u8;
            r.flags = f[1] as u8;
            r.tag = (f[2] as u16).into();
            r.queue_index = f[3] as u8;
            r.reserved_tail[0] = (f[4] as u32).into();
            r.reserved_tail[1] = (f[5] as u32).into();
            r.reserved_tail[2] = (f[6] as u32).into();
            r.reserved_tail[3] = (f[7] as u32).into();
            r.reserved_tail[4] = (f[8] as u32).into();
            r.reserved_tail[5] = (f[9] as u32).into();
            r.reserved_tail[6] = (f[10] as u32).into();
            r.reserved_tail[7] = (f[11] as u32).into();
            r.reserved_tail[8] = (f[12] as u32).into();
            r.reserved_tail[9] = (f[13] as u32).into();
            r.reserved_tail[10] = (f[14] as u32).into();
            r.reserved_tail[11] = (f[15] as u32).into();
            r.reserved_tail[12] = (f[16] as u32).into();
            r.reserved_tail[13] = (f[17] as u32).into();
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = SqeResetQueuePair::read_from_bytes(b).expect("the record's own size");
            vec![
                r.opcode.into(),
                r.flags.into(),
                r.tag.get().into(),
                r.queue_index.into(),
                r.reserved_tail[0].get().into(),
                r.reserved_tail[1].get().into(),
                r.reserved_tail[2].get().into(),
                r.reserved_tail[3].get().into(),
                r.reserved_tail[4].get().into(),
                r.reserved_tail[5].get().into(),
                r.reserved_tail[6].get().into(),
                r.reserved_tail[7].get().into(),
                r.reserved_tail[8].get().into(),
                r.reserved_tail[9].get().into(),
                r.reserved_tail[10].get().into(),
                r.reserved_tail[11].get().into(),
                r.reserved_tail[12].get().into(),
                r.reserved_tail[13].get().into(),
            ]
        },
    },
    Parity {
        name: "cqe",
        bytes: 16,
        widths: &[32, 16, 8, 32, 16, 8, 1],
        pack: |f| {
            let mut r = Cqe::default();
            r.detail = (f[0] as u32).into();
            r.sq_head = (f[1] as u16).into();
            r.queue_index = f[2] as u8;
            r.cycles = (f[3] as u32).into();
            r.set_tag(f[4] as u32);
            r.set_status(f[5] as u32);
            r.set_phase(f[6] as u32);
            r.as_bytes().to_vec()
        },
        unpack: |b| {
            let r = Cqe::read_from_bytes(b).expect("the record's own size");
            vec![
                r.detail.get().into(),
                r.sq_head.get().into(),
                r.queue_index.into(),
                r.cycles.get().into(),
                r.tag().into(),
                r.status().into(),
                r.phase().into(),
            ]
        },
    },
];
