// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// One engine: compares the loaded probe with every record that streams past (MATCHER 3).
///
/// One gallery minutia per cycle; pass B of a record runs while pass A takes the next ones. Only a record's first beat
/// may have to wait: for a slot bank, or for room for its score. A score comes about 20 cycles after the record's last
/// beat and its pass B; order is kept.
module engine import whorl_gen_pkg::*, match_pkg::*; (
  input  logic          clk_i,
  input  logic          rst_i,       // forgets records in flight; the probe stays
  input  logic [6:0]    gate_i,
  // probe
  input  logic          probe_write_valid_i,
  input  probe_write_t  probe_write_i,
  // gallery minutiae in
  input  logic          beat_valid_i,
  output logic          beat_ready_o,
  input  gallery_beat_t beat_i,
  // comparisons out
  output logic          comparison_valid_o,
  input  logic          comparison_ready_i,
  output comparison_t   comparison_o,
  // why a first beat waits, and whether every record that was taken to its end has left as a comparison
  output logic          pass_b_busy_o,
  output logic          idle_o
);
  localparam int unsigned ScoreRoom = 16; // records in flight
  localparam int unsigned PassA     = 6;  // cycles from a beat to its nearest lane

  typedef struct packed {
    logic      valid;
    logic      present;
    logic      last;
    geometry_t geometry;
  } place_t;

  typedef struct packed {
    count_t      count;
    logic [31:0] index;
  } identity_t;

  logic [1:0] banks_used_q;
  logic [4:0] records_q;                     // begun and not yet left
  logic [4:0] ended_q;                       // taken to their end and not yet left
  count_t     probe_count_q;
  logic       take, take_first, released, comparison_taken;
  place_t     place_q [PassA];

  assign pass_b_busy_o    = banks_used_q == 2'(BANKS);
  assign idle_o           = ended_q == '0;
  assign beat_ready_o     = !beat_i.first || (!pass_b_busy_o && records_q != 5'(ScoreRoom));
  assign take             = beat_valid_i && beat_ready_o;
  assign take_first       = take && beat_i.first;
  assign comparison_taken = comparison_valid_o && comparison_ready_i;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      banks_used_q <= '0;
      records_q    <= '0;
      ended_q      <= '0;
    end else begin
      banks_used_q <= banks_used_q + 2'(take_first) - 2'(released);
      records_q    <= records_q + 5'(take_first) - 5'(comparison_taken);
      ended_q      <= ended_q + 5'(take && beat_i.last) - 5'(comparison_taken);
    end
    if (probe_write_valid_i && !probe_write_i.rotation) begin
      probe_count_q <= (probe_write_i.lane == '0 ? '0 : probe_count_q) + count_t'(probe_write_i.present);
    end
  end

  // Pass A.
  logic     keys_valid, nearest_valid;
  key_t     keys [LANES];
  nearest_t nearest;

  lane_array i_lanes (
    .clk_i,
    .rst_i,
    .gate_i,
    .probe_write_valid_i,
    .probe_write_i,
    .minutia_valid_i(take && beat_i.present),
    .minutia_i      (beat_i.minutia),
    .keys_valid_o   (keys_valid),
    .keys_o         (keys)
  );

  winner i_winner (
    .clk_i,
    .rst_i,
    .keys_valid_i   (keys_valid),
    .keys_i         (keys),
    .nearest_valid_o(nearest_valid),
    .nearest_o      (nearest)
  );

  always_ff @(posedge clk_i) begin
    place_q[0] <= '{valid: take, present: beat_i.present, last: beat_i.last, geometry: beat_i.minutia.geometry};
    for (int unsigned n = 1; n < PassA; n++) place_q[n] <= place_q[n-1];
    if (rst_i) for (int unsigned n = 0; n < PassA; n++) place_q[n].valid <= 1'b0;
  end

  logic             slot_valid, listed_valid, finished_valid;
  slot_write_t      slot_write;
  lane_t            listed_place;
  finished_record_t finished;

  slots i_slots (
    .clk_i,
    .rst_i,
    .probe_write_valid_i,
    .probe_write_i,
    .minutia_valid_i (place_q[PassA-1].valid),
    .present_i       (place_q[PassA-1].present),
    .last_i          (place_q[PassA-1].last),
    .geometry_i      (place_q[PassA-1].geometry),
    .nearest_i       (nearest),
    .slot_valid_o    (slot_valid),
    .slot_o          (slot_write),
    .listed_valid_o  (listed_valid),
    .listed_place_o  (listed_place),
    .finished_valid_o(finished_valid),
    .finished_o      (finished)
  );

  // Pass B.
  logic        reference_valid, reference_empty, reference_last, best_valid;
  bank_t       reference_bank;
  lane_t       reference_lane;
  logic [11:0] best;

  pass_b i_pass_b (
    .clk_i,
    .rst_i,
    .listed_valid_i   (listed_valid),
    .listed_bank_i    (slot_write.bank),
    .listed_place_i   (listed_place),
    .listed_lane_i    (slot_write.lane),
    .finished_valid_i (finished_valid),
    .finished_i       (finished),
    .reference_valid_o(reference_valid),
    .reference_empty_o(reference_empty),
    .reference_last_o (reference_last),
    .reference_bank_o (reference_bank),
    .reference_lane_o (reference_lane),
    .released_o       (released)
  );

  consistency i_consistency (
    .clk_i,
    .rst_i,
    .probe_write_valid_i,
    .probe_write_i,
    .slot_valid_i     (slot_valid),
    .slot_i           (slot_write),
    .listed_valid_i   (listed_valid),
    .reference_valid_i(reference_valid),
    .reference_empty_i(reference_empty),
    .reference_last_i (reference_last),
    .reference_bank_i (reference_bank),
    .reference_lane_i (reference_lane),
    .best_valid_o     (best_valid),
    .best_o           (best)
  );

  // Score: the record's identity waits beside the pipeline.
  identity_t   identity;
  logic        identity_valid, identity_ready, scored_valid, scored_ready;
  logic [4:0]  unused_identities, unused_scores;
  comparison_t scored;

  fifo #(.Width($bits(identity_t)), .Depth(ScoreRoom)) i_identities (
    .clk_i,
    .rst_i,
    .data_valid_i(take && beat_i.last),
    .data_ready_o(identity_ready),
    .data_i      ({beat_i.count, beat_i.index}),
    .data_valid_o(identity_valid),
    .data_ready_i(best_valid),
    .data_o      (identity),
    .count_o     (unused_identities)
  );

  score i_score (
    .clk_i,
    .rst_i,
    .probe_count_i     (probe_count_q),
    .best_valid_i      (best_valid),
    .best_i            (best),
    .count_i           (identity.count),
    .index_i           (identity.index),
    .comparison_valid_o(scored_valid),
    .comparison_o      (scored)
  );

  fifo #(.Width($bits(comparison_t)), .Depth(ScoreRoom)) i_scores (
    .clk_i,
    .rst_i,
    .data_valid_i(scored_valid),
    .data_ready_o(scored_ready),
    .data_i      (scored),
    .data_valid_o(comparison_valid_o),
    .data_ready_i(comparison_ready_i),
    .data_o      (comparison_o),
    .count_o     (unused_scores)
  );

  `ASSERT(NearestWithItsMinutia, nearest_valid == (place_q[PassA-1].valid && place_q[PassA-1].present))
  `ASSERT(RecordsHaveRoom, take && beat_i.last |-> identity_ready)
  `ASSERT(ScoresHaveRoom, scored_valid |-> scored_ready)
  `ASSERT(BestHasIdentity, best_valid |-> identity_valid)
  `ASSERT(OnlyFirstBeatsWait, beat_valid_i && !beat_ready_o |-> beat_i.first)
endmodule
