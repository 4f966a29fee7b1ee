// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// All comparison hardware of a card: Streams streams of gallery records, each past Probes probes.
///
/// A search is: `start_i`, wait for `ready_o`, lines with `active_i` high, wait for `idle_o` behind the last line,
/// result blocks one by one. Loaded probes outlive searches. Per stream one gallery minutia per cycle.
module match_array import whorl_gen_pkg::*, match_pkg::*; #(
  parameter int unsigned Streams        = 1,      // 1..STREAMS_MAX
  parameter int unsigned Probes         = 1,      // 1..PROBES_MAX
  parameter int unsigned BlockRowProbes = Probes, // of each stream's engines, see search_stream
  parameter int unsigned UltraRowProbes = 0,
  parameter bit          DspWindows     = 1'b1
) (
  input  logic               clk_i,
  input  logic               rst_i,
  // search
  input  search_config_t     search_config_i,         // taken with start_i
  input  logic               start_i,                 // pulse: forgets everything but the loaded probes
  output logic               ready_o,                 // cleared: lines may come
  input  logic               active_i,                // lines are being fed: the cycle and stall counters run
  output logic               idle_o,                  // every line taken has become scores, and these are collected
  // probe loading
  output logic [Probes-1:0]  probe_loaded_o,
  input  logic               probe_line_valid_i,
  output logic               probe_line_ready_o,
  input  probe_line_t        probe_line_i,
  input  logic               probe_discard_valid_i,   // the image was damaged: the slot is not loaded
  input  logic [7:0]         probe_discard_slot_i,
  output logic [Streams-1:0][Probes-1:0] probe_parity_error_o, // held until start_i: an engine's probe is not as loaded
  // lines of extents
  input  logic [Streams-1:0] line_valid_i,
  output logic [Streams-1:0] line_ready_o,
  input  gallery_line_t      line_i [Streams],
  output logic [Streams-1:0] record_error_o,          // held until start_i
  output stream_events_t     events_o [Streams],
  // results
  input  logic               result_request_valid_i,
  output logic               result_request_ready_o,
  input  result_request_t    result_request_i,
  output logic               result_line_valid_o,
  input  logic               result_line_ready_i,
  output result_line_t       result_line_o
);
  if (Streams < 1 || Streams > STREAMS_MAX) begin : gen_check_streams
    $error("match_array: Streams must be 1 to %0d", STREAMS_MAX);
  end
  if (Probes < 1 || Probes > PROBES_MAX) begin : gen_check_probes
    $error("match_array: Probes must be 1 to %0d", PROBES_MAX);
  end

  // ---- Search control: a start is a reset of all but the probes, one cycle later
  logic               clear_q;
  search_config_t     config_q;
  logic [Streams-1:0] cleared, idle;

  always_ff @(posedge clk_i) begin
    clear_q <= rst_i || start_i;
    if (start_i) config_q <= search_config_i;
  end
  assign ready_o = !clear_q && &cleared;
  assign idle_o  = !clear_q && &idle;

  // ---- Probes
  logic [Probes-1:0] probe_write_valid;
  probe_write_t      probe_write;

  probe_loader #(.Probes(Probes)) i_probe_loader (
    .clk_i,
    .rst_i,
    .probe_line_valid_i,
    .probe_line_ready_o,
    .probe_line_i,
    .probe_discard_valid_i,
    .probe_discard_slot_i,
    .probe_loaded_o,
    .probe_write_valid_o(probe_write_valid),
    .probe_write_o      (probe_write)
  );

  // ---- Streams
  collected_address_t collected_address;
  collected_t         collected [Streams], collected_q;
  stream_counters_t   counters [Streams], counters_q;
  logic [Streams-1:0] stream_ready;

  for (genvar s = 0; s < int'(Streams); s++) begin : gen_stream
    assign line_ready_o[s] = stream_ready[s] && ready_o;

    search_stream #(
      .Probes(Probes), .BlockRowProbes(BlockRowProbes), .UltraRowProbes(UltraRowProbes), .DspWindows(DspWindows)
    ) i_search_stream (
      .clk_i,
      .rst_i              (clear_q),
      .search_config_i    (config_q),
      .active_i,
      .cleared_o          (cleared[s]),
      .idle_o             (idle[s]),
      .probe_write_valid_i(probe_write_valid),
      .probe_write_i      (probe_write),
      .probe_parity_error_o(probe_parity_error_o[s]),
      .line_valid_i       (line_valid_i[s] && ready_o),
      .line_ready_o       (stream_ready[s]),
      .line_i             (line_i[s]),
      .record_error_o     (record_error_o[s]),
      .collected_address_i(collected_address),
      .collected_o        (collected[s]),
      .counters_o         (counters[s]),
      .events_o           (events_o[s])
    );
  end

  // ---- Results
  always_ff @(posedge clk_i) begin
    for (int unsigned s = 0; s < Streams; s++) begin
      if (collected_address.stream == 8'(s)) begin
        collected_q <= collected[s];
        counters_q  <= counters[s];
      end
    end
  end

  result_reader i_result_reader (
    .clk_i,
    .rst_i              (clear_q),
    .result_request_valid_i,
    .result_request_ready_o,
    .result_request_i,
    .collected_address_o(collected_address),
    .collected_i        (collected_q),
    .counters_i         (counters_q),
    .result_line_valid_o,
    .result_line_ready_i,
    .result_line_o
  );

  `ASSERT_IF(NoLineBeforeCleared, !ready_o, line_ready_o == '0)
  `ASSERT_IF(RequestExists, result_request_valid_i,
          32'(result_request_i.stream) < Streams && 32'(result_request_i.probe) < Probes)
  `ASSERT_IF(ProbesLoaded, |(line_valid_i & line_ready_o), (config_q.probe_mask[Probes-1:0] & ~probe_loaded_o) == '0)
endmodule
