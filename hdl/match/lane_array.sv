// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// The LANES lanes of an engine side by side: one key per probe minutia for each gallery minutia (MATCHER 3, pass A).
///
/// One gallery minutia per cycle, KEY_LATENCY cycles of latency. The key is the Hamming distance counted from KEY_BIAS, or
/// KEY_NONE where the pair is no candidate: outside the angle gate, at DISTANCE_CEILING or more, or no probe minutia in
/// the lane. A step of a minutia's tables is stored in the second cycle after it came in.
module lane_array import whorl_gen_pkg::*, match_pkg::*, distance_pkg::*; (
  input  logic         clk_i,
  input  logic         rst_i,
  // probe minutiae
  input  logic         probe_write_valid_i,
  input  probe_write_t probe_write_i,
  // gallery minutiae in
  input  logic         minutia_valid_i,
  input  minutia_t     minutia_i,
  // keys out
  output logic         keys_valid_o,
  output key_t         keys_o [LANES]
);
  if (32'(KEY_NONE) != DISTANCE_CEILING + KEY_BIAS) begin : gen_check_bias
    $error("lane_array: KEY_BIAS must bring DISTANCE_CEILING to KEY_NONE");
  end

  // ---- What goes to all lanes: the word with its parities, or the step in the columns that take it; and the write.
  logic             write, odd;
  logic [3:0]       valid_q;
  word_t            word_q;
  parities_t        parities_q;
  logic [7:0]       angle;
  probe_write_t     write_q;
  minutia_t         probe;
  logic [LANES-1:0] write_lane_q;

  assign write = probe_write_valid_i && !probe_write_i.rotation;
  assign probe = write_q.data;

  always_ff @(posedge clk_i) begin
    if (minutia_valid_i || write) begin
      word_q     <= write ? {minutia_i.descriptor[WORD_BITS-1:20], {4{probe_write_i.step}}} : minutia_i.descriptor;
      parities_q <= parities_of(minutia_i.descriptor);
    end
    if (write) write_q <= probe_write_i;
    // One lane, chosen by eights and within them: a reset and a data input instead of a comparison each.
    for (int unsigned l = 0; l < LANES; l++) begin
      if (write && probe_write_i.lane[LANE_WIDTH-1:3] == 3'(l / 8)) write_lane_q[l] <= probe_write_i.lane[2:0] == 3'(l % 8);
      else write_lane_q[l] <= 1'b0;
    end
    if (rst_i) {keys_valid_o, valid_q} <= '0;
    else {keys_valid_o, valid_q} <= {valid_q, minutia_valid_i};
  end

  delay_line #(.Width(8), .Stages(4)) i_angle (.clk_i, .data_i(minutia_i.geometry.angle), .data_o(angle));
  delay_line #(.Width(1), .Stages(3)) i_odd (.clk_i, .data_i(parities_q[COLUMNS-1]), .data_o(odd));

  for (genvar l = 0; l < int'(LANES); l++) begin : gen_lane
    distance_table i_table (
      .clk_i,
      .write_i        (write_lane_q[l]),
      .write_step_i   (write_q.step),
      .write_halves_i (write_q.halves),
      .write_further_i(write_q.further),
      .write_word_i   (probe.descriptor),
      .write_angle_i  (probe.geometry.angle),
      .write_gate_i   (write_q.gate),
      .write_present_i(write_q.present),
      .stage_valid_i  (valid_q),
      .word_i         (word_q),
      .parities_i     (parities_q),
      .angle_i        (angle),
      .odd_i          (odd),
      .key_o          (keys_o[l])
    );
  end

  `ASSERT(NoMinutiaWhileWriting, !(write && minutia_valid_i))
  `ASSERT_AFTER(LatencyHolds, KEY_LATENCY, minutia_valid_i, keys_valid_o)
endmodule
