// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// One stream of gallery records past up to Probes engines, with a collector behind each.
///
/// One gallery minutia per cycle. The engines of the probe mask take each beat together, so the slowest sets the pace;
/// the others see nothing. Everything but the probes is cleared by reset.
module search_stream import whorl_gen_pkg::*, match_pkg::*; #(
  parameter int unsigned Probes         = 1,      // engines
  parameter int unsigned BlockRowProbes = Probes, // so many engines keep rotated positions in block RAM ...
  parameter int unsigned UltraRowProbes = 0,      // ... so many more in UltraRAM, the rest in LUTs
  parameter bit          DspWindows     = 1'b1    // pass B in DSP blocks
) (
  input  logic              clk_i,
  input  logic              rst_i,
  input  search_config_t    search_config_i,
  input  logic              active_i,
  output logic              cleared_o,
  output logic              idle_o,
  // probe loading
  input  logic [Probes-1:0] probe_write_valid_i,
  input  probe_write_t      probe_write_i,
  output logic [Probes-1:0] probe_parity_error_o, // held until reset: the engine's probe is not what was loaded
  // lines of extents
  input  logic              line_valid_i,
  output logic              line_ready_o,
  input  gallery_line_t     line_i,
  output logic              record_error_o,
  // reading of results
  input  collected_address_t collected_address_i,
  output collected_t         collected_o,   // two cycles of latency
  output stream_counters_t   counters_o,
  output stream_events_t     events_o
);
  localparam int unsigned EngineBits = $clog2(PROBES_MAX + 1);

  logic          beat_valid, beat_ready, known_answer, reader_idle;
  gallery_beat_t beat;
  logic [Probes-1:0] takes_part, engine_ready, pass_b_busy, engine_idle, collector_cleared, collector_idle, candidate;
  logic [Probes-1:0] ready_or_absent;

  assign takes_part      = search_config_i.probe_mask[Probes-1:0];
  assign ready_or_absent = engine_ready | ~takes_part;
  assign beat_ready      = &ready_or_absent;
  assign cleared_o       = &collector_cleared;
  // A faulty record never ends, so the engines' begun record does not count as in flight.
  assign idle_o          = (reader_idle || record_error_o) && &engine_idle && &collector_idle;

  record_reader i_record_reader (
    .clk_i,
    .rst_i,
    .line_valid_i,
    .line_ready_o,
    .line_i,
    .beat_valid_o  (beat_valid),
    .beat_ready_i  (beat_ready),
    .beat_o        (beat),
    .known_answer_o(known_answer),
    .error_o       (record_error_o),
    .idle_o        (reader_idle)
  );

  stream_counters i_counters (
    .clk_i,
    .rst_i,
    .active_i,
    .line_taken_i  (line_valid_i && line_ready_o),
    .beat_valid_i  (beat_valid),
    .beat_taken_i  (beat_valid && beat_ready),
    .beat_present_i(beat.present),
    .beat_last_i   (beat.last),
    .pass_b_busy_i (|(pass_b_busy & takes_part)),
    .takes_part_i  (known_answer ? '0 : EngineBits'($countones(takes_part))),
    .candidates_i  (EngineBits'($countones(candidate))),
    .counters_o,
    .events_o
  );

  collected_t collected [Probes];

  for (genvar p = 0; p < int'(Probes); p++) begin : gen_probe
    logic              comparison_valid, comparison_ready;
    comparison_t       comparison;
    logic [Probes-1:0] others_ready;

    assign others_ready = ready_or_absent | (Probes'(1) << p);

    localparam int unsigned Rows = p < int'(BlockRowProbes) ? ROWS_BLOCK
                                   : p < int'(BlockRowProbes + UltraRowProbes) ? ROWS_ULTRA : ROWS_LUT;

    engine #(.Rows(Rows), .DspWindows(DspWindows)) i_engine (
      .clk_i,
      .rst_i,
      .probe_write_valid_i(probe_write_valid_i[p]),
      .probe_write_i,
      .probe_parity_o     (probe_parity_error_o[p]),
      .beat_valid_i       (beat_valid && takes_part[p] && &others_ready),
      .beat_ready_o       (engine_ready[p]),
      .beat_i             (beat),
      .pass_b_busy_o      (pass_b_busy[p]),
      .comparison_valid_o (comparison_valid),
      .comparison_ready_i (comparison_ready),
      .comparison_o       (comparison),
      .idle_o             (engine_idle[p])
    );

    collector i_collector (
      .clk_i,
      .rst_i,
      .threshold_i       (search_config_i.threshold),
      .capacity_i        (search_config_i.top_k),
      .record_taken_i    (beat_valid && beat_ready && beat.last && takes_part[p]),
      .known_answer_i    (known_answer),
      .comparison_valid_i(comparison_valid),
      .comparison_ready_o(comparison_ready),
      .comparison_i      (comparison),
      .read_index_i      (collected_address_i.index),
      .candidate_o       (candidate[p]),
      .collected_o       (collected[p]),
      .cleared_o         (collector_cleared[p]),
      .idle_o            (collector_idle[p])
    );
  end

  // The choice lags the memories' reads by nothing: a request holds its probe while it reads.
  always_ff @(posedge clk_i) begin
    for (int unsigned p = 0; p < Probes; p++) begin
      if (collected_address_i.probe == 8'(p)) collected_o <= collected[p];
    end
  end

  `ASSERT_IF(EnginesInStep, beat_valid && beat_ready, (takes_part & ~engine_ready) == '0)
  `ASSERT_HELD(BeatHeld, beat_valid, beat_ready, beat)
endmodule
