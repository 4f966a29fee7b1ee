// Generated from spec/*.rdl by `cargo xtask gen`; do not edit.

/// Takes a record's bytes apart into its fields and puts fields together into bytes: the hardware's side of the layout
/// parity test. `record_i` counts the records in the order of docs/wire-formats.md; each array element has a slot of its own.
module whorl_parity import whorl_gen_pkg::*; (
  input  logic [7:0]   record_i,
  input  logic [511:0] line_i,
  output logic [63:0]  field_o [27],
  input  logic [63:0]  field_i [27],
  output logic [511:0] line_o
);
  record_line_t record_line, record_line_made;
  assign record_line = line_i[511:0];
  rotation_t rotation, rotation_made;
  assign rotation = line_i[31:0];
  extent_t extent, extent_made;
  assign extent = line_i[511:0];
  result_header_t result_header, result_header_made;
  assign result_header = line_i[511:0];
  candidate_t candidate, candidate_made;
  assign candidate = line_i[63:0];
  sqe_t sqe, sqe_made;
  assign sqe = line_i[511:0];
  sqe_load_probe_t sqe_load_probe, sqe_load_probe_made;
  assign sqe_load_probe = line_i[511:0];
  sqe_search_t sqe_search, sqe_search_made;
  assign sqe_search = line_i[511:0];
  sqe_copy_t sqe_copy, sqe_copy_made;
  assign sqe_copy = line_i[511:0];
  sqe_create_queue_pair_t sqe_create_queue_pair, sqe_create_queue_pair_made;
  assign sqe_create_queue_pair = line_i[511:0];
  sqe_delete_queue_pair_t sqe_delete_queue_pair, sqe_delete_queue_pair_made;
  assign sqe_delete_queue_pair = line_i[511:0];
  sqe_abort_t sqe_abort, sqe_abort_made;
  assign sqe_abort = line_i[511:0];
  sqe_reset_queue_pair_t sqe_reset_queue_pair, sqe_reset_queue_pair_made;
  assign sqe_reset_queue_pair = line_i[511:0];
  cqe_t cqe, cqe_made;
  assign cqe = line_i[127:0];

  always_comb begin
    for (int unsigned i = 0; i < 27; i++) field_o[i] = '0;
    unique case (record_i)
      8'd0: begin
        field_o[0] = 64'(record_line.descriptor_0[0]);
        field_o[1] = 64'(record_line.descriptor_0[1]);
        field_o[2] = 64'(record_line.descriptor_0[2]);
        field_o[3] = 64'(record_line.descriptor_0[3]);
        field_o[4] = 64'(record_line.x_0);
        field_o[5] = 64'(record_line.y_0);
        field_o[6] = 64'(record_line.angle_0);
        field_o[7] = 64'(record_line.descriptor_1[0]);
        field_o[8] = 64'(record_line.descriptor_1[1]);
        field_o[9] = 64'(record_line.descriptor_1[2]);
        field_o[10] = 64'(record_line.descriptor_1[3]);
        field_o[11] = 64'(record_line.x_1);
        field_o[12] = 64'(record_line.y_1);
        field_o[13] = 64'(record_line.angle_1);
        field_o[14] = 64'(record_line.descriptor_2[0]);
        field_o[15] = 64'(record_line.descriptor_2[1]);
        field_o[16] = 64'(record_line.descriptor_2[2]);
        field_o[17] = 64'(record_line.descriptor_2[3]);
        field_o[18] = 64'(record_line.x_2);
        field_o[19] = 64'(record_line.y_2);
        field_o[20] = 64'(record_line.angle_2);
        field_o[21] = 64'(record_line.meta_0);
        field_o[22] = 64'(record_line.meta_1);
        field_o[23] = 64'(record_line.meta_2);
        field_o[24] = 64'(record_line.count);
        field_o[25] = 64'(record_line.line);
        field_o[26] = 64'(record_line.last);
      end
      8'd1: begin
        field_o[0] = 64'(rotation.rx);
        field_o[1] = 64'(rotation.ry);
      end
      8'd2: begin
        field_o[0] = 64'(extent.address);
        field_o[1] = 64'(extent.lines);
        field_o[2] = 64'(extent.records);
        field_o[3] = 64'(extent.base_index);
        field_o[4] = 64'(extent.crc32c);
        field_o[5] = 64'(extent.memory);
        field_o[6] = 64'(extent.known_answer);
        field_o[7] = 64'(extent.reserved_flags);
        field_o[8] = 64'(extent.reserved_tail[0]);
        field_o[9] = 64'(extent.reserved_tail[1]);
        field_o[10] = 64'(extent.reserved_tail[2]);
        field_o[11] = 64'(extent.reserved_tail[3]);
        field_o[12] = 64'(extent.reserved_tail[4]);
        field_o[13] = 64'(extent.reserved_tail[5]);
        field_o[14] = 64'(extent.reserved_tail[6]);
        field_o[15] = 64'(extent.reserved_tail[7]);
        field_o[16] = 64'(extent.reserved_tail[8]);
      end
      8'd3: begin
        field_o[0] = 64'(result_header.comparisons);
        field_o[1] = 64'(result_header.candidates);
        field_o[2] = 64'(result_header.passed);
        field_o[3] = 64'(result_header.stream);
        field_o[4] = 64'(result_header.probe_slot);
        field_o[5] = 64'(result_header.known_answers);
        field_o[6] = 64'(result_header.cycles);
        field_o[7] = 64'(result_header.minutiae);
        field_o[8] = 64'(result_header.stall_starved);
        field_o[9] = 64'(result_header.stall_engine);
        field_o[10] = 64'(result_header.stall_collect);
        field_o[11] = 64'(result_header.lines);
        field_o[12] = 64'(result_header.known_answer_signature);
      end
      8'd4: begin
        field_o[0] = 64'(candidate.index);
        field_o[1] = 64'(candidate.score);
      end
      8'd5: begin
        field_o[0] = 64'(sqe.opcode);
        field_o[1] = 64'(sqe.flags);
        field_o[2] = 64'(sqe.tag);
        field_o[3] = 64'(sqe.words[0]);
        field_o[4] = 64'(sqe.words[1]);
        field_o[5] = 64'(sqe.words[2]);
        field_o[6] = 64'(sqe.words[3]);
        field_o[7] = 64'(sqe.words[4]);
        field_o[8] = 64'(sqe.words[5]);
        field_o[9] = 64'(sqe.words[6]);
        field_o[10] = 64'(sqe.words[7]);
        field_o[11] = 64'(sqe.words[8]);
        field_o[12] = 64'(sqe.words[9]);
        field_o[13] = 64'(sqe.words[10]);
        field_o[14] = 64'(sqe.words[11]);
        field_o[15] = 64'(sqe.words[12]);
        field_o[16] = 64'(sqe.words[13]);
        field_o[17] = 64'(sqe.words[14]);
      end
      8'd6: begin
        field_o[0] = 64'(sqe_load_probe.opcode);
        field_o[1] = 64'(sqe_load_probe.flags);
        field_o[2] = 64'(sqe_load_probe.tag);
        field_o[3] = 64'(sqe_load_probe.probe_slot);
        field_o[4] = 64'(sqe_load_probe.gate);
        field_o[5] = 64'(sqe_load_probe.image_address);
        field_o[6] = 64'(sqe_load_probe.crc32c);
        field_o[7] = 64'(sqe_load_probe.reserved_tail[0]);
        field_o[8] = 64'(sqe_load_probe.reserved_tail[1]);
        field_o[9] = 64'(sqe_load_probe.reserved_tail[2]);
        field_o[10] = 64'(sqe_load_probe.reserved_tail[3]);
        field_o[11] = 64'(sqe_load_probe.reserved_tail[4]);
        field_o[12] = 64'(sqe_load_probe.reserved_tail[5]);
        field_o[13] = 64'(sqe_load_probe.reserved_tail[6]);
        field_o[14] = 64'(sqe_load_probe.reserved_tail[7]);
        field_o[15] = 64'(sqe_load_probe.reserved_tail[8]);
        field_o[16] = 64'(sqe_load_probe.reserved_tail[9]);
        field_o[17] = 64'(sqe_load_probe.reserved_tail[10]);
      end
      8'd7: begin
        field_o[0] = 64'(sqe_search.opcode);
        field_o[1] = 64'(sqe_search.flags);
        field_o[2] = 64'(sqe_search.tag);
        field_o[3] = 64'(sqe_search.probe_mask);
        field_o[4] = 64'(sqe_search.extents_address);
        field_o[5] = 64'(sqe_search.extent_count);
        field_o[6] = 64'(sqe_search.threshold);
        field_o[7] = 64'(sqe_search.top_k);
        field_o[8] = 64'(sqe_search.result_stride);
        field_o[9] = 64'(sqe_search.result_address);
        field_o[10] = 64'(sqe_search.reserved_tail[0]);
        field_o[11] = 64'(sqe_search.reserved_tail[1]);
        field_o[12] = 64'(sqe_search.reserved_tail[2]);
        field_o[13] = 64'(sqe_search.reserved_tail[3]);
        field_o[14] = 64'(sqe_search.reserved_tail[4]);
        field_o[15] = 64'(sqe_search.reserved_tail[5]);
      end
      8'd8: begin
        field_o[0] = 64'(sqe_copy.opcode);
        field_o[1] = 64'(sqe_copy.flags);
        field_o[2] = 64'(sqe_copy.tag);
        field_o[3] = 64'(sqe_copy.source_memory);
        field_o[4] = 64'(sqe_copy.destination_memory);
        field_o[5] = 64'(sqe_copy.source_address);
        field_o[6] = 64'(sqe_copy.destination_address);
        field_o[7] = 64'(sqe_copy.lines);
        field_o[8] = 64'(sqe_copy.crc32c);
        field_o[9] = 64'(sqe_copy.reserved_tail[0]);
        field_o[10] = 64'(sqe_copy.reserved_tail[1]);
        field_o[11] = 64'(sqe_copy.reserved_tail[2]);
        field_o[12] = 64'(sqe_copy.reserved_tail[3]);
        field_o[13] = 64'(sqe_copy.reserved_tail[4]);
        field_o[14] = 64'(sqe_copy.reserved_tail[5]);
        field_o[15] = 64'(sqe_copy.reserved_tail[6]);
        field_o[16] = 64'(sqe_copy.reserved_tail[7]);
      end
      8'd9: begin
        field_o[0] = 64'(sqe_create_queue_pair.opcode);
        field_o[1] = 64'(sqe_create_queue_pair.flags);
        field_o[2] = 64'(sqe_create_queue_pair.tag);
        field_o[3] = 64'(sqe_create_queue_pair.queue_index);
        field_o[4] = 64'(sqe_create_queue_pair.entries_log2);
        field_o[5] = 64'(sqe_create_queue_pair.sq_address);
        field_o[6] = 64'(sqe_create_queue_pair.cq_address);
        field_o[7] = 64'(sqe_create_queue_pair.reserved_tail[0]);
        field_o[8] = 64'(sqe_create_queue_pair.reserved_tail[1]);
        field_o[9] = 64'(sqe_create_queue_pair.reserved_tail[2]);
        field_o[10] = 64'(sqe_create_queue_pair.reserved_tail[3]);
        field_o[11] = 64'(sqe_create_queue_pair.reserved_tail[4]);
        field_o[12] = 64'(sqe_create_queue_pair.reserved_tail[5]);
        field_o[13] = 64'(sqe_create_queue_pair.reserved_tail[6]);
        field_o[14] = 64'(sqe_create_queue_pair.reserved_tail[7]);
        field_o[15] = 64'(sqe_create_queue_pair.reserved_tail[8]);
        field_o[16] = 64'(sqe_create_queue_pair.reserved_tail[9]);
      end
      8'd10: begin
        field_o[0] = 64'(sqe_delete_queue_pair.opcode);
        field_o[1] = 64'(sqe_delete_queue_pair.flags);
        field_o[2] = 64'(sqe_delete_queue_pair.tag);
        field_o[3] = 64'(sqe_delete_queue_pair.queue_index);
        field_o[4] = 64'(sqe_delete_queue_pair.reserved_tail[0]);
        field_o[5] = 64'(sqe_delete_queue_pair.reserved_tail[1]);
        field_o[6] = 64'(sqe_delete_queue_pair.reserved_tail[2]);
        field_o[7] = 64'(sqe_delete_queue_pair.reserved_tail[3]);
        field_o[8] = 64'(sqe_delete_queue_pair.reserved_tail[4]);
        field_o[9] = 64'(sqe_delete_queue_pair.reserved_tail[5]);
        field_o[10] = 64'(sqe_delete_queue_pair.reserved_tail[6]);
        field_o[11] = 64'(sqe_delete_queue_pair.reserved_tail[7]);
        field_o[12] = 64'(sqe_delete_queue_pair.reserved_tail[8]);
        field_o[13] = 64'(sqe_delete_queue_pair.reserved_tail[9]);
        field_o[14] = 64'(sqe_delete_queue_pair.reserved_tail[10]);
        field_o[15] = 64'(sqe_delete_queue_pair.reserved_tail[11]);
        field_o[16] = 64'(sqe_delete_queue_pair.reserved_tail[12]);
        field_o[17] = 64'(sqe_delete_queue_pair.reserved_tail[13]);
      end
      8'd11: begin
        field_o[0] = 64'(sqe_abort.opcode);
        field_o[1] = 64'(sqe_abort.flags);
        field_o[2] = 64'(sqe_abort.tag);
        field_o[3] = 64'(sqe_abort.queue_index);
        field_o[4] = 64'(sqe_abort.target_tag);
        field_o[5] = 64'(sqe_abort.reserved_tail[0]);
        field_o[6] = 64'(sqe_abort.reserved_tail[1]);
        field_o[7] = 64'(sqe_abort.reserved_tail[2]);
        field_o[8] = 64'(sqe_abort.reserved_tail[3]);
        field_o[9] = 64'(sqe_abort.reserved_tail[4]);
        field_o[10] = 64'(sqe_abort.reserved_tail[5]);
        field_o[11] = 64'(sqe_abort.reserved_tail[6]);
        field_o[12] = 64'(sqe_abort.reserved_tail[7]);
        field_o[13] = 64'(sqe_abort.reserved_tail[8]);
        field_o[14] = 64'(sqe_abort.reserved_tail[9]);
        field_o[15] = 64'(sqe_abort.reserved_tail[10]);
        field_o[16] = 64'(sqe_abort.reserved_tail[11]);
        field_o[17] = 64'(sqe_abort.reserved_tail[12]);
        field_o[18] = 64'(sqe_abort.reserved_tail[13]);
      end
      8'd12: begin
        field_o[0] = 64'(sqe_reset_queue_pair.opcode);
        field_o[1] = 64'(sqe_reset_queue_pair.flags);
        field_o[2] = 64'(sqe_reset_queue_pair.tag);
        field_o[3] = 64'(sqe_reset_queue_pair.queue_index);
        field_o[4] = 64'(sqe_reset_queue_pair.reserved_tail[0]);
        field_o[5] = 64'(sqe_reset_queue_pair.reserved_tail[1]);
        field_o[6] = 64'(sqe_reset_queue_pair.reserved_tail[2]);
        field_o[7] = 64'(sqe_reset_queue_pair.reserved_tail[3]);
        field_o[8] = 64'(sqe_reset_queue_pair.reserved_tail[4]);
        field_o[9] = 64'(sqe_reset_queue_pair.reserved_tail[5]);
        field_o[10] = 64'(sqe_reset_queue_pair.reserved_tail[6]);
        field_o[11] = 64'(sqe_reset_queue_pair.reserved_tail[7]);
        field_o[12] = 64'(sqe_reset_queue_pair.reserved_tail[8]);
        field_o[13] = 64'(sqe_reset_queue_pair.reserved_tail[9]);
        field_o[14] = 64'(sqe_reset_queue_pair.reserved_tail[10]);
        field_o[15] = 64'(sqe_reset_queue_pair.reserved_tail[11]);
        field_o[16] = 64'(sqe_reset_queue_pair.reserved_tail[12]);
        field_o[17] = 64'(sqe_reset_queue_pair.reserved_tail[13]);
      end
      8'd13: begin
        field_o[0] = 64'(cqe.detail);
        field_o[1] = 64'(cqe.sq_head);
        field_o[2] = 64'(cqe.queue_index);
        field_o[3] = 64'(cqe.cycles);
        field_o[4] = 64'(cqe.tag);
        field_o[5] = 64'(cqe.status);
        field_o[6] = 64'(cqe.phase);
      end
      default: ;
    endcase
  end

  always_comb begin
    line_o = '0;
    record_line_made = '0;
    rotation_made = '0;
    extent_made = '0;
    result_header_made = '0;
    candidate_made = '0;
    sqe_made = '0;
    sqe_load_probe_made = '0;
    sqe_search_made = '0;
    sqe_copy_made = '0;
    sqe_create_queue_pair_made = '0;
    sqe_delete_queue_pair_made = '0;
    sqe_abort_made = '0;
    sqe_reset_queue_pair_made = '0;
    cqe_made = '0;
    unique case (record_i)
      8'd0: begin
        record_line_made.descriptor_0[0] = field_i[0][31:0];
        record_line_made.descriptor_0[1] = field_i[1][31:0];
        record_line_made.descriptor_0[2] = field_i[2][31:0];
        record_line_made.descriptor_0[3] = field_i[3][31:0];
        record_line_made.x_0 = field_i[4][11:0];
        record_line_made.y_0 = field_i[5][11:0];
        record_line_made.angle_0 = field_i[6][7:0];
        record_line_made.descriptor_1[0] = field_i[7][31:0];
        record_line_made.descriptor_1[1] = field_i[8][31:0];
        record_line_made.descriptor_1[2] = field_i[9][31:0];
        record_line_made.descriptor_1[3] = field_i[10][31:0];
        record_line_made.x_1 = field_i[11][11:0];
        record_line_made.y_1 = field_i[12][11:0];
        record_line_made.angle_1 = field_i[13][7:0];
        record_line_made.descriptor_2[0] = field_i[14][31:0];
        record_line_made.descriptor_2[1] = field_i[15][31:0];
        record_line_made.descriptor_2[2] = field_i[16][31:0];
        record_line_made.descriptor_2[3] = field_i[17][31:0];
        record_line_made.x_2 = field_i[18][11:0];
        record_line_made.y_2 = field_i[19][11:0];
        record_line_made.angle_2 = field_i[20][7:0];
        record_line_made.meta_0 = field_i[21][7:0];
        record_line_made.meta_1 = field_i[22][7:0];
        record_line_made.meta_2 = field_i[23][7:0];
        record_line_made.count = field_i[24][1:0];
        record_line_made.line = field_i[25][4:0];
        record_line_made.last = field_i[26][0:0];
        line_o = 512'(record_line_made);
      end
      8'd1: begin
        rotation_made.rx = field_i[0][12:0];
        rotation_made.ry = field_i[1][12:0];
        line_o = 512'(rotation_made);
      end
      8'd2: begin
        extent_made.address = field_i[0][63:0];
        extent_made.lines = field_i[1][31:0];
        extent_made.records = field_i[2][31:0];
        extent_made.base_index = field_i[3][31:0];
        extent_made.crc32c = field_i[4][31:0];
        extent_made.memory = field_i[5][7:0];
        extent_made.known_answer = field_i[6][0:0];
        extent_made.reserved_flags = field_i[7][22:0];
        extent_made.reserved_tail[0] = field_i[8][31:0];
        extent_made.reserved_tail[1] = field_i[9][31:0];
        extent_made.reserved_tail[2] = field_i[10][31:0];
        extent_made.reserved_tail[3] = field_i[11][31:0];
        extent_made.reserved_tail[4] = field_i[12][31:0];
        extent_made.reserved_tail[5] = field_i[13][31:0];
        extent_made.reserved_tail[6] = field_i[14][31:0];
        extent_made.reserved_tail[7] = field_i[15][31:0];
        extent_made.reserved_tail[8] = field_i[16][31:0];
        line_o = 512'(extent_made);
      end
      8'd3: begin
        result_header_made.comparisons = field_i[0][31:0];
        result_header_made.candidates = field_i[1][31:0];
        result_header_made.passed = field_i[2][31:0];
        result_header_made.stream = field_i[3][7:0];
        result_header_made.probe_slot = field_i[4][7:0];
        result_header_made.known_answers = field_i[5][15:0];
        result_header_made.cycles = field_i[6][63:0];
        result_header_made.minutiae = field_i[7][63:0];
        result_header_made.stall_starved = field_i[8][63:0];
        result_header_made.stall_engine = field_i[9][63:0];
        result_header_made.stall_collect = field_i[10][63:0];
        result_header_made.lines = field_i[11][31:0];
        result_header_made.known_answer_signature = field_i[12][31:0];
        line_o = 512'(result_header_made);
      end
      8'd4: begin
        candidate_made.index = field_i[0][31:0];
        candidate_made.score = field_i[1][15:0];
        line_o = 512'(candidate_made);
      end
      8'd5: begin
        sqe_made.opcode = field_i[0][7:0];
        sqe_made.flags = field_i[1][7:0];
        sqe_made.tag = field_i[2][15:0];
        sqe_made.words[0] = field_i[3][31:0];
        sqe_made.words[1] = field_i[4][31:0];
        sqe_made.words[2] = field_i[5][31:0];
        sqe_made.words[3] = field_i[6][31:0];
        sqe_made.words[4] = field_i[7][31:0];
        sqe_made.words[5] = field_i[8][31:0];
        sqe_made.words[6] = field_i[9][31:0];
        sqe_made.words[7] = field_i[10][31:0];
        sqe_made.words[8] = field_i[11][31:0];
        sqe_made.words[9] = field_i[12][31:0];
        sqe_made.words[10] = field_i[13][31:0];
        sqe_made.words[11] = field_i[14][31:0];
        sqe_made.words[12] = field_i[15][31:0];
        sqe_made.words[13] = field_i[16][31:0];
        sqe_made.words[14] = field_i[17][31:0];
        line_o = 512'(sqe_made);
      end
      8'd6: begin
        sqe_load_probe_made.opcode = field_i[0][7:0];
        sqe_load_probe_made.flags = field_i[1][7:0];
        sqe_load_probe_made.tag = field_i[2][15:0];
        sqe_load_probe_made.probe_slot = field_i[3][7:0];
        sqe_load_probe_made.gate = field_i[4][7:0];
        sqe_load_probe_made.image_address = field_i[5][63:0];
        sqe_load_probe_made.crc32c = field_i[6][31:0];
        sqe_load_probe_made.reserved_tail[0] = field_i[7][31:0];
        sqe_load_probe_made.reserved_tail[1] = field_i[8][31:0];
        sqe_load_probe_made.reserved_tail[2] = field_i[9][31:0];
        sqe_load_probe_made.reserved_tail[3] = field_i[10][31:0];
        sqe_load_probe_made.reserved_tail[4] = field_i[11][31:0];
        sqe_load_probe_made.reserved_tail[5] = field_i[12][31:0];
        sqe_load_probe_made.reserved_tail[6] = field_i[13][31:0];
        sqe_load_probe_made.reserved_tail[7] = field_i[14][31:0];
        sqe_load_probe_made.reserved_tail[8] = field_i[15][31:0];
        sqe_load_probe_made.reserved_tail[9] = field_i[16][31:0];
        sqe_load_probe_made.reserved_tail[10] = field_i[17][31:0];
        line_o = 512'(sqe_load_probe_made);
      end
      8'd7: begin
        sqe_search_made.opcode = field_i[0][7:0];
        sqe_search_made.flags = field_i[1][7:0];
        sqe_search_made.tag = field_i[2][15:0];
        sqe_search_made.probe_mask = field_i[3][31:0];
        sqe_search_made.extents_address = field_i[4][63:0];
        sqe_search_made.extent_count = field_i[5][31:0];
        sqe_search_made.threshold = field_i[6][15:0];
        sqe_search_made.top_k = field_i[7][15:0];
        sqe_search_made.result_stride = field_i[8][31:0];
        sqe_search_made.result_address = field_i[9][63:0];
        sqe_search_made.reserved_tail[0] = field_i[10][31:0];
        sqe_search_made.reserved_tail[1] = field_i[11][31:0];
        sqe_search_made.reserved_tail[2] = field_i[12][31:0];
        sqe_search_made.reserved_tail[3] = field_i[13][31:0];
        sqe_search_made.reserved_tail[4] = field_i[14][31:0];
        sqe_search_made.reserved_tail[5] = field_i[15][31:0];
        line_o = 512'(sqe_search_made);
      end
      8'd8: begin
        sqe_copy_made.opcode = field_i[0][7:0];
        sqe_copy_made.flags = field_i[1][7:0];
        sqe_copy_made.tag = field_i[2][15:0];
        sqe_copy_made.source_memory = field_i[3][7:0];
        sqe_copy_made.destination_memory = field_i[4][7:0];
        sqe_copy_made.source_address = field_i[5][63:0];
        sqe_copy_made.destination_address = field_i[6][63:0];
        sqe_copy_made.lines = field_i[7][31:0];
        sqe_copy_made.crc32c = field_i[8][31:0];
        sqe_copy_made.reserved_tail[0] = field_i[9][31:0];
        sqe_copy_made.reserved_tail[1] = field_i[10][31:0];
        sqe_copy_made.reserved_tail[2] = field_i[11][31:0];
        sqe_copy_made.reserved_tail[3] = field_i[12][31:0];
        sqe_copy_made.reserved_tail[4] = field_i[13][31:0];
        sqe_copy_made.reserved_tail[5] = field_i[14][31:0];
        sqe_copy_made.reserved_tail[6] = field_i[15][31:0];
        sqe_copy_made.reserved_tail[7] = field_i[16][31:0];
        line_o = 512'(sqe_copy_made);
      end
      8'd9: begin
        sqe_create_queue_pair_made.opcode = field_i[0][7:0];
        sqe_create_queue_pair_made.flags = field_i[1][7:0];
        sqe_create_queue_pair_made.tag = field_i[2][15:0];
        sqe_create_queue_pair_made.queue_index = field_i[3][7:0];
        sqe_create_queue_pair_made.entries_log2 = field_i[4][7:0];
        sqe_create_queue_pair_made.sq_address = field_i[5][63:0];
        sqe_create_queue_pair_made.cq_address = field_i[6][63:0];
        sqe_create_queue_pair_made.reserved_tail[0] = field_i[7][31:0];
        sqe_create_queue_pair_made.reserved_tail[1] = field_i[8][31:0];
        sqe_create_queue_pair_made.reserved_tail[2] = field_i[9][31:0];
        sqe_create_queue_pair_made.reserved_tail[3] = field_i[10][31:0];
        sqe_create_queue_pair_made.reserved_tail[4] = field_i[11][31:0];
        sqe_create_queue_pair_made.reserved_tail[5] = field_i[12][31:0];
        sqe_create_queue_pair_made.reserved_tail[6] = field_i[13][31:0];
        sqe_create_queue_pair_made.reserved_tail[7] = field_i[14][31:0];
        sqe_create_queue_pair_made.reserved_tail[8] = field_i[15][31:0];
        sqe_create_queue_pair_made.reserved_tail[9] = field_i[16][31:0];
        line_o = 512'(sqe_create_queue_pair_made);
      end
      8'd10: begin
        sqe_delete_queue_pair_made.opcode = field_i[0][7:0];
        sqe_delete_queue_pair_made.flags = field_i[1][7:0];
        sqe_delete_queue_pair_made.tag = field_i[2][15:0];
        sqe_delete_queue_pair_made.queue_index = field_i[3][7:0];
        sqe_delete_queue_pair_made.reserved_tail[0] = field_i[4][31:0];
        sqe_delete_queue_pair_made.reserved_tail[1] = field_i[5][31:0];
        sqe_delete_queue_pair_made.reserved_tail[2] = field_i[6][31:0];
        sqe_delete_queue_pair_made.reserved_tail[3] = field_i[7][31:0];
        sqe_delete_queue_pair_made.reserved_tail[4] = field_i[8][31:0];
        sqe_delete_queue_pair_made.reserved_tail[5] = field_i[9][31:0];
        sqe_delete_queue_pair_made.reserved_tail[6] = field_i[10][31:0];
        sqe_delete_queue_pair_made.reserved_tail[7] = field_i[11][31:0];
        sqe_delete_queue_pair_made.reserved_tail[8] = field_i[12][31:0];
        sqe_delete_queue_pair_made.reserved_tail[9] = field_i[13][31:0];
        sqe_delete_queue_pair_made.reserved_tail[10] = field_i[14][31:0];
        sqe_delete_queue_pair_made.reserved_tail[11] = field_i[15][31:0];
        sqe_delete_queue_pair_made.reserved_tail[12] = field_i[16][31:0];
        sqe_delete_queue_pair_made.reserved_tail[13] = field_i[17][31:0];
        line_o = 512'(sqe_delete_queue_pair_made);
      end
      8'd11: begin
        sqe_abort_made.opcode = field_i[0][7:0];
        sqe_abort_made.flags = field_i[1][7:0];
        sqe_abort_made.tag = field_i[2][15:0];
        sqe_abort_made.queue_index = field_i[3][7:0];
        sqe_abort_made.target_tag = field_i[4][15:0];
        sqe_abort_made.reserved_tail[0] = field_i[5][31:0];
        sqe_abort_made.reserved_tail[1] = field_i[6][31:0];
        sqe_abort_made.reserved_tail[2] = field_i[7][31:0];
        sqe_abort_made.reserved_tail[3] = field_i[8][31:0];
        sqe_abort_made.reserved_tail[4] = field_i[9][31:0];
        sqe_abort_made.reserved_tail[5] = field_i[10][31:0];
        sqe_abort_made.reserved_tail[6] = field_i[11][31:0];
        sqe_abort_made.reserved_tail[7] = field_i[12][31:0];
        sqe_abort_made.reserved_tail[8] = field_i[13][31:0];
        sqe_abort_made.reserved_tail[9] = field_i[14][31:0];
        sqe_abort_made.reserved_tail[10] = field_i[15][31:0];
        sqe_abort_made.reserved_tail[11] = field_i[16][31:0];
        sqe_abort_made.reserved_tail[12] = field_i[17][31:0];
        sqe_abort_made.reserved_tail[13] = field_i[18][31:0];
        line_o = 512'(sqe_abort_made);
      end
      8'd12: begin
        sqe_reset_queue_pair_made.opcode = field_i[0][7:0];
        sqe_reset_queue_pair_made.flags = field_i[1][7:0];
        sqe_reset_queue_pair_made.tag = field_i[2][15:0];
        sqe_reset_queue_pair_made.queue_index = field_i[3][7:0];
        sqe_reset_queue_pair_made.reserved_tail[0] = field_i[4][31:0];
        sqe_reset_queue_pair_made.reserved_tail[1] = field_i[5][31:0];
        sqe_reset_queue_pair_made.reserved_tail[2] = field_i[6][31:0];
        sqe_reset_queue_pair_made.reserved_tail[3] = field_i[7][31:0];
        sqe_reset_queue_pair_made.reserved_tail[4] = field_i[8][31:0];
        sqe_reset_queue_pair_made.reserved_tail[5] = field_i[9][31:0];
        sqe_reset_queue_pair_made.reserved_tail[6] = field_i[10][31:0];
        sqe_reset_queue_pair_made.reserved_tail[7] = field_i[11][31:0];
        sqe_reset_queue_pair_made.reserved_tail[8] = field_i[12][31:0];
        sqe_reset_queue_pair_made.reserved_tail[9] = field_i[13][31:0];
        sqe_reset_queue_pair_made.reserved_tail[10] = field_i[14][31:0];
        sqe_reset_queue_pair_made.reserved_tail[11] = field_i[15][31:0];
        sqe_reset_queue_pair_made.reserved_tail[12] = field_i[16][31:0];
        sqe_reset_queue_pair_made.reserved_tail[13] = field_i[17][31:0];
        line_o = 512'(sqe_reset_queue_pair_made);
      end
      8'd13: begin
        cqe_made.detail = field_i[0][31:0];
        cqe_made.sq_head = field_i[1][15:0];
        cqe_made.queue_index = field_i[2][7:0];
        cqe_made.cycles = field_i[3][31:0];
        cqe_made.tag = field_i[4][15:0];
        cqe_made.status = field_i[5][7:0];
        cqe_made.phase = field_i[6][0:0];
        line_o = 512'(cqe_made);
      end
      default: ;
    endcase
  end
endmodule
