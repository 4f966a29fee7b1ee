// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// One lane in pass B: its weight, if its slot moved as the reference's did (MATCHER 3, pass B).
///
/// One reference per cycle, two cycles of latency. The lane keeps two slots: the one that the record in pass A
/// has won so far, and the final one of the record in pass B. `swap_i` makes the first the second and empties the first.
module consistency_lane import match_pkg::*; #(
  parameter int unsigned Lane = 0 // place of the minutia in the probe record
) (
  input  logic               clk_i,
  input  logic               rst_i,
  // slots won in pass A
  input  logic               slot_write_valid_i,
  input  slot_write_t        slot_write_i,
  input  logic               swap_i,
  // reference, with the valid bits of the two stages: they only save power and simulation time
  input  logic [1:0]         stage_valid_i,
  input  rotated_t           rotated_i,      // this lane's minutia under the reference's rotation
  input  logic signed [13:0] error_x_i,      // e of the reference: what remains of its slot under the rotation
  input  logic signed [13:0] error_y_i,
  input  logic signed [7:0]  turn_i,         // d of the reference
  output logic [5:0]         contribution_o
);
  localparam int unsigned TurnReach  = 16; // turn differences -16..15
  localparam int unsigned ErrorReach = 12; // error differences -12..11, pixels

  slot_t       winning_q, final_q;
  logic        hit;
  // Differences with their lowest accepted value moved to 0, so that a window is one unsigned comparison.
  logic [14:0] offset_x_q, offset_y_q;
  logic [8:0]  offset_turn_q;
  logic [5:0]  weight_q;

  assign hit = slot_write_valid_i && slot_write_i.lane == lane_t'(Lane);

  always_ff @(posedge clk_i) begin
    if (swap_i) begin
      final_q          <= winning_q;
      winning_q.weight <= '0;
    end
    // A win in the cycle of the swap is the next record's first.
    if (hit) winning_q <= slot_write_i.slot;
    if (rst_i) winning_q.weight <= '0;
  end

  always_ff @(posedge clk_i) begin
    if (stage_valid_i[0]) begin
      offset_x_q    <= 15'(final_q.x) - 15'(rotated_i.x) - 15'(error_x_i) + 15'(ErrorReach);
      offset_y_q    <= 15'(final_q.y) - 15'(rotated_i.y) - 15'(error_y_i) + 15'(ErrorReach);
      offset_turn_q <= 9'(final_q.turn) - 9'(turn_i) + 9'(TurnReach);
      weight_q      <= final_q.weight;
    end
    if (stage_valid_i[1]) begin
      contribution_o <= offset_x_q < 15'(2 * ErrorReach) && offset_y_q < 15'(2 * ErrorReach)
                        && offset_turn_q < 9'(2 * TurnReach) ? weight_q : '0;
    end
  end

  `ASSERT(WeightOrNothing, stage_valid_i[1] |=> contribution_o == '0 || contribution_o == $past(weight_q))
endmodule
