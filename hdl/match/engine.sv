// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// One probe against a stream of gallery records: a comparison score per record (MATCHER 3).
///
/// One gallery minutia per cycle; pass B of a record runs while pass A takes the next. Order is kept.
/// Only a record's last beat may have to wait: until pass B will be free when the record gets there,
/// and until the score queue is sure to have room. The probe survives a reset.
module engine import whorl_gen_pkg::*, match_pkg::*; #(
  parameter int unsigned Rows       = ROWS_BLOCK, // memory of the rotated positions
  parameter bit          DspWindows = 1'b1        // pass B in 48 DSP blocks, or else in some 1,400 LUTs more
) (
  input  logic          clk_i,
  input  logic          rst_i,
  // probe loading
  input  logic          probe_write_valid_i,
  input  probe_write_t  probe_write_i,
  output logic          probe_parity_o,      // held until reset: the probe is not what was loaded
  // gallery minutiae
  input  logic          beat_valid_i,
  output logic          beat_ready_o,
  input  gallery_beat_t beat_i,
  output logic          pass_b_busy_o,       // a last beat would wait for pass B
  // scores
  output logic          comparison_valid_o,
  input  logic          comparison_ready_i,
  output comparison_t   comparison_o,
  output logic          idle_o               // every record that was accepted to its end has left as a score
);
  localparam int unsigned ScoresMax = 8; // records between their last beat and the sink
  typedef logic [$clog2(ScoresMax):0] scores_t;

  // ---- Admission of last beats
  logic    last_in_flight_q, scores_full, accept, accept_last, score_leaves, finished_valid;
  scores_t outstanding_q;
  lane_t   remaining;

  // By the time an accepted record finishes, the references that remain now are read out.
  assign pass_b_busy_o = last_in_flight_q || remaining > lane_t'(PASS_A_LATENCY + 1);
  assign scores_full   = outstanding_q == scores_t'(ScoresMax);
  assign beat_ready_o  = !beat_i.last || !(pass_b_busy_o || scores_full);
  assign accept        = beat_valid_i && beat_ready_o;
  assign accept_last   = accept && beat_i.last;
  assign score_leaves  = comparison_valid_o && comparison_ready_i;
  assign idle_o        = outstanding_q == '0;

  always_ff @(posedge clk_i) begin
    if (accept_last) last_in_flight_q <= 1'b1;
    else if (finished_valid) last_in_flight_q <= 1'b0;
    outstanding_q <= outstanding_q + scores_t'(accept_last) - scores_t'(score_leaves);
    if (rst_i) begin
      last_in_flight_q <= 1'b0;
      outstanding_q    <= '0;
    end
  end

  // ---- Input registers: what fans out to all lanes
  logic          beat_valid_q, probe_write_valid_q;
  minutia_t      minutia_q;
  logic          present_q, first_q, last_q;
  probe_write_t  probe_write_q;
  lane_t         probe_count_q;
  record_trace_t record_q; // of the last beat that is in flight

  always_ff @(posedge clk_i) begin
    beat_valid_q        <= accept && !rst_i;
    probe_write_valid_q <= probe_write_valid_i;
    if (accept) begin
      minutia_q <= beat_i.minutia;
      {present_q, first_q, last_q} <= {beat_i.present, beat_i.first, beat_i.last};
    end
    if (accept_last) record_q <= '{index: beat_i.index, count: beat_i.count};
    if (probe_write_valid_i) probe_write_q <= probe_write_i;
    if (probe_write_valid_q && !probe_write_q.rotation && probe_write_q.step == '0) begin
      probe_count_q <= (probe_write_q.lane == '0 ? '0 : probe_count_q) + lane_t'(probe_write_q.present);
    end
  end

  // ---- Pass A
  logic             keys_valid, nearest_valid, slot_write_valid;
  key_t             keys [LANES];
  nearest_t         nearest;
  trace_t           beat_trace, trace;
  slot_write_t      slot_write;
  finished_record_t finished;

  assign beat_trace = '{geometry: minutia_q.geometry, present: present_q, first: first_q, last: last_q};

  lane_array i_lane_array (
    .clk_i,
    .rst_i,
    .probe_write_valid_i(probe_write_valid_q),
    .probe_write_i      (probe_write_q),
    .minutia_valid_i    (beat_valid_q),
    .minutia_i          (minutia_q),
    .keys_valid_o       (keys_valid),
    .keys_o             (keys)
  );

  winner i_winner (
    .clk_i,
    .rst_i,
    .keys_valid_i   (keys_valid),
    .keys_i         (keys),
    .nearest_valid_o(nearest_valid),
    .nearest_o      (nearest)
  );

  delay_line #(.Width($bits(trace_t)), .Stages(KEY_LATENCY + WINNER_LATENCY)) i_trace (
    .clk_i, .data_i(beat_trace), .data_o(trace)
  );

  slots i_slots (
    .clk_i,
    .rst_i,
    .probe_write_valid_i(probe_write_valid_q),
    .probe_write_i      (probe_write_q),
    .nearest_valid_i    (nearest_valid),
    .nearest_i          (nearest),
    .trace_i            (trace),
    .record_i           (record_q),
    .slot_write_valid_o (slot_write_valid),
    .slot_write_o       (slot_write),
    .finished_valid_o   (finished_valid),
    .finished_o         (finished)
  );

  // ---- Pass B
  logic              reference_valid, supported_valid, scored_valid, queue_ready;
  reference_t        reference_lane;
  supported_record_t supported;
  comparison_t       scored;
  scores_t           queued;

  references i_references (
    .clk_i,
    .rst_i,
    .slot_write_valid_i(slot_write_valid),
    .slot_write_i      (slot_write),
    .finished_valid_i  (finished_valid),
    .finished_i        (finished),
    .remaining_o       (remaining),
    .reference_valid_o (reference_valid),
    .reference_o       (reference_lane)
  );

  consistency #(.Rows(Rows), .DspWindows(DspWindows)) i_consistency (
    .clk_i,
    .rst_i,
    .probe_write_valid_i(probe_write_valid_q),
    .probe_write_i      (probe_write_q),
    .probe_parity_o,
    .slot_write_valid_i (slot_write_valid),
    .slot_write_i       (slot_write),
    .reference_valid_i  (reference_valid),
    .reference_i        (reference_lane),
    .supported_valid_o  (supported_valid),
    .supported_o        (supported)
  );

  score i_score (
    .clk_i,
    .rst_i,
    .probe_count_i     (probe_count_q),
    .supported_valid_i (supported_valid),
    .supported_i       (supported),
    .comparison_valid_o(scored_valid),
    .comparison_o      (scored)
  );

  fifo #(.Width($bits(comparison_t)), .Depth(ScoresMax)) i_queue (
    .clk_i,
    .rst_i,
    .data_valid_i(scored_valid),
    .data_ready_o(queue_ready),
    .data_i      (scored),
    .data_valid_o(comparison_valid_o),
    .data_ready_i(comparison_ready_i),
    .data_o      (comparison_o),
    .count_o     (queued)
  );

  `ASSERT_IF(QueueHasRoom, scored_valid, queue_ready)
  `ASSERT(QueuedAreOutstanding, queued <= outstanding_q)
  `ASSERT_IF(OnlyLastBeatsWait, beat_valid_i && !beat_i.last, beat_ready_o)
  `ASSERT_AFTER(PassALatency, PASS_A_LATENCY, accept_last, finished_valid)
  `ASSERT_HELD(ComparisonHeld, comparison_valid_o, comparison_ready_i, comparison_o)
endmodule
