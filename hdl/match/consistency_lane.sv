// SPDX-License-Identifier: Apache-2.0 OR MIT
/// One lane in pass B: its weight, if its slot moved as the reference's did (MATCHER 3, pass B).
///
/// One reference per cycle, four cycles of latency from the lane's row of the rotation memory. The lane keeps two
/// slots: the one that the record in pass A has won so far, and the final one of the record in pass B. `swap_i` makes
/// the first the second and empties the first; it comes with the row of the record's first reference.
module consistency_lane import match_pkg::*; #(
  parameter bit Dsp = 1'b1 // windows of the coordinates in a DSP block
) (
  input  logic              clk_i,
  input  logic              rst_i,
  // slots won in pass A; x in offset binary
  input  logic [1:0]        write_select_i, // both: the write is this lane's
  input  slot_t             write_slot_i,
  input  logic              swap_i,
  // reference: the row in one cycle, the windows in the next
  input  logic [2:0]        stage_valid_i, // row, windows, and the cycle after: they only save power and simulation time
  input  rotated_t          rotated_i,     // this lane's minutia under the reference's rotation
  input  window_t           window_i,
  output logic [5:0]        contribution_o
);
  slot_t             winning_q;
  logic signed [7:0] turn_q;
  logic [5:0]        weight_q [3];
  logic              hit, empty, turned, far;

  // A win in the cycle of the swap is the next record's first.
  assign hit   = &write_select_i;
  assign empty = rst_i | (swap_i & ~(&write_select_i));

  always_ff @(posedge clk_i) begin
    if (hit) winning_q <= write_slot_i;
    if (empty) winning_q.weight <= '0;
    if (swap_i) begin
      turn_q      <= winning_q.turn;
      weight_q[0] <= winning_q.weight;
    end
    if (stage_valid_i[1]) weight_q[1] <= weight_q[0];
    if (stage_valid_i[2]) weight_q[2] <= weight_q[1];
  end

  reach_window i_turn_window (.clk_i, .value_i(turn_q), .low_i(window_i.turn_low), .inside_o(turned));

  pair_window #(.Dsp(Dsp)) i_pair_window (
    .clk_i,
    .position_load_i(swap_i),
    .position_x_i   (winning_q.x),
    .position_y_i   (winning_q.y),
    .stage_valid_i,
    .rotated_x_i    (rotated_i.x),
    .rotated_y_i    (rotated_i.y),
    .offset_x_i     (window_i.offset_x),
    .offset_y_i     (window_i.offset_y),
    .extra_i        (turned),
    .far_o          (far)
  );

  // In this form the register's own reset does the masking.
  always_ff @(posedge clk_i) begin
    if (far) contribution_o <= '0;
    else contribution_o <= weight_q[2];
  end
endmodule
