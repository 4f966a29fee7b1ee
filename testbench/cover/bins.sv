// SPDX-License-Identifier: Apache-2.0 OR MIT

// The functional coverage: every bin that the benches must reach between them. `cargo xtask coverage` builds the benches
// with this file; modules that a bench does not contain are passed over. A bin is named by its instance here, so an
// instance's name begins with cover_ and says what it is about. Bins see ports only.

// ---- Commands and how they end
`define COVER_COMMAND(Module, Name, Parameters) \
  bind Module command_cover #Parameters Name ( \
    .clk_i, .rst_i, .command_valid_i, .command_ready_i(command_ready_o), \
    .unread_i(command_i.fetch_error), .opcode_i(command_i.sqe.opcode), \
    .completion_valid_i(completion_valid_o), .completion_ready_i, .status_i(completion_o.outcome.status) \
  );

`COVER_COMMAND(admin_exec, cover_create, (.Opcode(whorl_gen_pkg::OPCODE_CREATE_QUEUE_PAIR), .Statuses(cover_pkg::CREATE_STATUSES)))
`COVER_COMMAND(admin_exec, cover_delete, (.Opcode(whorl_gen_pkg::OPCODE_DELETE_QUEUE_PAIR), .Statuses(cover_pkg::DELETE_STATUSES)))
`COVER_COMMAND(admin_exec, cover_reset, (.Opcode(whorl_gen_pkg::OPCODE_RESET_QUEUE_PAIR), .Statuses(cover_pkg::DELETE_STATUSES)))
`COVER_COMMAND(admin_exec, cover_abort, (.Opcode(whorl_gen_pkg::OPCODE_ABORT), .Statuses(cover_pkg::ABORT_STATUSES)))
`COVER_COMMAND(admin_exec, cover_admin_unread, (.Unread(1'b1), .Statuses(cover_pkg::UNREAD_STATUSES)))
`COVER_COMMAND(admin_exec, cover_admin_unknown, (.Unknown(1'b1), .Opcodes(cover_pkg::ADMIN_OPCODES), .Statuses(cover_pkg::UNKNOWN_STATUSES)))
`COVER_COMMAND(io_exec, cover_io_unread, (.Unread(1'b1), .Statuses(cover_pkg::UNREAD_IO_STATUSES)))
`COVER_COMMAND(io_exec, cover_io_unknown, (.Unknown(1'b1), .Opcodes(cover_pkg::IO_OPCODES), .Statuses(cover_pkg::UNKNOWN_STATUSES)))

`COVER_COMMAND(io_exec, cover_io_load_probe, (.Opcode(whorl_gen_pkg::OPCODE_LOAD_PROBE), .Partial(1'b1), .Statuses(cover_pkg::OUTSIDE_STATUSES)))
`COVER_COMMAND(io_exec, cover_io_copy, (.Opcode(whorl_gen_pkg::OPCODE_COPY), .Partial(1'b1), .Statuses(cover_pkg::OUTSIDE_STATUSES)))
`COVER_COMMAND(io_exec, cover_io_search, (.Opcode(whorl_gen_pkg::OPCODE_SEARCH), .Partial(1'b1), .Statuses(cover_pkg::OUTSIDE_STATUSES)))

// An I/O command's other ends are its executor's: io_exec's own bench plays the executors.
bind probe_exec status_cover #(.Statuses(cover_pkg::PROBE_STATUSES)) cover_load_probe (
  .clk_i, .rst_i, .valid_i(done_o), .status_i(outcome_o.status)
);
bind search_exec status_cover #(.Statuses(cover_pkg::SEARCH_STATUSES)) cover_search (
  .clk_i, .rst_i, .valid_i(done_o), .status_i(outcome_o.status)
);
bind copy_exec status_cover #(.Statuses(cover_pkg::COPY_STATUSES)) cover_copy (
  .clk_i, .rst_i, .valid_i(done_o), .status_i(outcome_o.status)
);
bind extent_feed status_cover #(.Statuses(cover_pkg::EXTENT_STATUSES)) cover_extent (
  .clk_i, .rst_i, .valid_i(error_valid_o), .status_i(error_o.status)
);
bind extent_deal status_cover #(.Statuses(cover_pkg::DESCRIPTOR_STATUSES)) cover_descriptor (
  .clk_i, .rst_i, .valid_i(error_valid_o), .status_i(error_o.status)
);

// ---- Errors and aborts in every phase
bind search_exec search_cover cover_phases (
  .clk_i, .rst_i, .start_i, .match_start_i(match_start_o), .match_active_i(match_active_o),
  .result_request_valid_i(result_request_valid_o), .done_i(done_o), .abort_i,
  .descriptor_error_i(beat_valid_i[0] && beat_i.error), .record_error_i(|record_error_i),
  .write_error_i(result_response_valid_i && result_response_error_i)
);

// ---- Records
bind record_reader range_cover #(.Values(whorl_gen_pkg::RECORD_MINUTIAE_MAX + 1)) cover_record_length (
  .clk_i, .rst_i, .valid_i(beat_valid_o && beat_ready_i && beat_o.last), .value_i(32'(beat_o.count))
);

// ---- Angles: of gallery minutiae, and between a pair of minutiae, which chooses the rotation row
bind engine range_cover #(.Values(cover_pkg::SECTORS)) cover_gallery_angle (
  .clk_i, .rst_i, .valid_i(beat_valid_i && beat_ready_o && beat_i.present), .value_i(32'(beat_i.minutia.geometry.angle[7:2]))
);
bind references range_cover #(.Values(cover_pkg::SECTORS)) cover_turn (
  .clk_i, .rst_i, .valid_i(reference_valid_o && reference_o.occupied), .value_i(32'(reference_o.moved.turn[7:2]))
);

// ---- The candidates
bind top_k heap_cover cover_heap (
  .clk_i, .rst_i, .capacity_i, .comparison_valid_i, .comparison_ready_i(comparison_ready_o),
  .score_i(comparison_i.score), .count_i(count_o)
);

// ---- Stalls of every stream
// extent_deal offers an extent to ready streams only, so there is nothing to stall.
`define COVER_STREAM(Module, Name, Valid, Ready) \
  bind Module stream_cover Name (.clk_i, .rst_i, .valid_i(Valid), .ready_i(Ready));

// Its sink takes a word that is there, or in a burst that was granted.
`define COVER_TAKEN_STREAM(Module, Name, Valid, Ready) \
  bind Module stream_cover #(.ReadyFirst(1'b0)) Name (.clk_i, .rst_i, .valid_i(Valid), .ready_i(Ready));

// Its source offers what it has fetched for a sink that is ready and has no other source.
`define COVER_AWAITED_STREAM(Module, Name, Valid, Ready) \
  bind Module stream_cover #(.Stalling(1'b0)) Name (.clk_i, .rst_i, .valid_i(Valid), .ready_i(Ready));

bind match_array stalls_cover #(.Streams(Streams)) cover_lines (
  .clk_i, .rst_i, .valid_i(line_valid_i), .ready_i(line_ready_o)
);
`COVER_STREAM(record_reader, cover_record_lines, line_valid_i, line_ready_o)
`COVER_STREAM(record_reader, cover_beats, beat_valid_o, beat_ready_i)
`COVER_STREAM(engine, cover_engine_beats, beat_valid_i, beat_ready_o)
`COVER_STREAM(engine, cover_comparisons, comparison_valid_o, comparison_ready_i)
`COVER_STREAM(collector, cover_collected, comparison_valid_i, comparison_ready_o)
`COVER_TAKEN_STREAM(probe_loader, cover_probe_lines, probe_line_valid_i, probe_line_ready_o)
`COVER_STREAM(result_reader, cover_result_requests, result_request_valid_i, result_request_ready_o)
`COVER_STREAM(result_reader, cover_result_lines, result_line_valid_o, result_line_ready_i)
`COVER_STREAM(extent_feed, cover_fed_extents, extent_valid_i, extent_ready_o)
`COVER_STREAM(extent_feed, cover_fed_lines, line_valid_o, line_ready_i)
`COVER_STREAM(line_fetch, cover_fetch_bursts, burst_valid_o, burst_ready_i)
`COVER_STREAM(line_fetch, cover_fetch_lines, line_valid_o, line_ready_i)
`COVER_STREAM(probe_exec, cover_fed_probe_lines, probe_line_valid_o, probe_line_ready_i)
`COVER_STREAM(result_write, cover_result_bursts, burst_valid_o, burst_ready_i)
`COVER_TAKEN_STREAM(result_write, cover_result_beats, beat_valid_o, beat_ready_i)
`COVER_STREAM(copy_exec, cover_copy_read_bursts, burst_valid_o, burst_ready_i)
`COVER_STREAM(copy_exec, cover_copy_write_bursts, write_burst_valid_o, write_burst_ready_i)
`COVER_TAKEN_STREAM(copy_exec, cover_copy_write_beats, write_beat_valid_o, write_beat_ready_i)
`COVER_STREAM(sq_fetch, cover_entry_bursts, burst_valid_o, burst_ready_i)
`COVER_AWAITED_STREAM(sq_fetch, cover_admin_commands, admin_command_valid_o, admin_command_ready_i)
`COVER_AWAITED_STREAM(sq_fetch, cover_io_commands, io_command_valid_o, io_command_ready_i)
`COVER_STREAM(admin_exec, cover_admin_completions, completion_valid_o, completion_ready_i)
`COVER_STREAM(io_exec, cover_io_completions, completion_valid_o, completion_ready_i)
`COVER_STREAM(cq_post, cover_entry_write_bursts, burst_valid_o, burst_ready_i)
`COVER_TAKEN_STREAM(cq_post, cover_entry_write_beats, beat_valid_o, beat_ready_i)
`COVER_STREAM(msix_request, cover_interrupts, msix_valid_o, msix_ready_i)
