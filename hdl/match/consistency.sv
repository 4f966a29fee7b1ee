// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Pass B of MATCHER 3: for each reference, the weights of the lanes whose slots moved as its slot did; per record, the
/// largest sum.
///
/// One reference per cycle; a record leaves CONSISTENCY_LATENCY cycles after its last reference came in.
/// The slots won in pass A reach the lanes SLOT_DELAY cycles late: exactly then the first reference of their record,
/// with which the lanes' slots change, has come through the rotation memory (see references).
module consistency import whorl_gen_pkg::*, match_pkg::*; #(
  parameter int unsigned Rows       = ROWS_BLOCK,
  parameter bit          DspWindows = 1'b1
) (
  input  logic              clk_i,
  input  logic              rst_i,
  // probe loading
  input  logic              probe_write_valid_i,
  input  probe_write_t      probe_write_i,
  output logic              probe_parity_o,     // held until reset: a rotated position was read that is not as loaded
  // slots won in pass A
  input  logic              slot_write_valid_i,
  input  slot_write_t       slot_write_i,
  // references
  input  logic              reference_valid_i,
  input  reference_t        reference_i,
  // records out
  output logic              supported_valid_o,
  output supported_record_t supported_o
);
  localparam int unsigned TurnReach  = 16; // turn differences -16..15
  localparam int unsigned ErrorReach = 12; // error differences -12..11, pixels

  // ---- Stage 1: the reference's own minutia under its rotation. Stage 2: its row of the memory comes out.
  logic [2:0]      valid_q;
  reference_t      reference_q [3];
  rotation_index_t row, row_q;
  logic [7:0]      turn_rounded;
  rotated_t        reference_rotated;
  rotated_t        row_rotated [LANES];
  logic [13:0]     offset_x, offset_y;
  window_t         window, window_q [2];

  // Rows are 4/256 turn apart; the nearest is taken.
  assign turn_rounded = reference_i.moved.turn + 8'd2;
  assign row          = turn_rounded[7:2];

  // The error of the reference, e = moved - rotated, is what its lanes' errors are compared with. The windows' lower
  // ends are -e - ErrorReach; with pair_window's base of x, and offset binary taken back, the constants are these.
  localparam logic [13:0] BaseX = 14'(6144 - 1 + 2048 - 4096 + ErrorReach);
  localparam logic [13:0] BaseY = 14'(ErrorReach);

  add3 #(.Width(14), .Full(1'b0), .InvertB(1'b1), .CarryIn(1)) i_offset_x (
    .a_i({1'b0, reference_rotated.x}), .b_i(14'(reference_q[0].moved.x)), .c_i(BaseX), .sum_o(offset_x)
  );
  add3 #(.Width(14), .Full(1'b0), .InvertB(1'b1), .CarryIn(1)) i_offset_y (
    .a_i(14'(reference_rotated.y)), .b_i(14'(reference_q[0].moved.y)), .c_i(BaseY), .sum_o(offset_y)
  );
  assign window = '{
    turn_low: 9'(reference_q[0].moved.turn) - 9'(TurnReach),
    offset_x: offset_x,
    offset_y: offset_y
  };

  always_ff @(posedge clk_i) begin
    if (reference_valid_i) begin
      reference_q[0] <= reference_i;
      row_q          <= row;
    end
    if (valid_q[0]) begin
      reference_q[1] <= reference_q[0];
      window_q[0]    <= window;
    end
    if (valid_q[1]) begin
      reference_q[2] <= reference_q[1];
      window_q[1]    <= window_q[0];
    end
    if (rst_i) valid_q <= '0;
    else valid_q <= {valid_q[1:0], reference_valid_i};
  end

  rotation_store #(.Rows(Rows)) i_rotation_store (
    .clk_i,
    .rst_i,
    .probe_write_valid_i,
    .probe_write_i,
    .lane_read_i(reference_valid_i),
    .lane_row_i (row),
    .lane_i     (reference_i.lane),
    .lane_o     (reference_rotated),
    .row_read_i (valid_q[0]),
    .row_i      (row_q),
    .row_o      (row_rotated),
    .parity_o   (probe_parity_o)
  );

  // ---- Slots on their way to the lanes, at last decoded in two halves, so that a lane needs two bits of it
  localparam int unsigned Octets = LANES / 8;

  lane_t                 write_lane_q [SLOT_DELAY-1];
  slot_t                 write_slot_q [SLOT_DELAY];
  logic [SLOT_DELAY-2:0] write_valid_q;
  logic [Octets-1:0]     write_octet_q;
  logic [7:0]            write_place_q;

  always_ff @(posedge clk_i) begin
    write_valid_q <= {write_valid_q[SLOT_DELAY-3:0], slot_write_valid_i};
    if (slot_write_valid_i) begin
      write_lane_q[0] <= slot_write_i.lane;
      write_slot_q[0] <= slot_write_i.slot;
      write_slot_q[0].x[$high(write_slot_q[0].x)] <= !slot_write_i.slot.x[$high(slot_write_i.slot.x)]; // offset binary
    end
    for (int unsigned s = 1; s < SLOT_DELAY; s++) begin
      if (write_valid_q[s-1]) begin
        if (s < SLOT_DELAY - 1) write_lane_q[s] <= write_lane_q[s-1];
        write_slot_q[s] <= write_slot_q[s-1];
      end
    end
    for (int unsigned o = 0; o < Octets; o++) begin
      write_octet_q[o] <= write_valid_q[SLOT_DELAY-2] && write_lane_q[SLOT_DELAY-2][LANE_WIDTH-1:3] == 3'(o);
    end
    for (int unsigned p = 0; p < 8; p++) write_place_q[p] <= write_lane_q[SLOT_DELAY-2][2:0] == 3'(p);
    if (rst_i) begin
      write_valid_q <= '0;
      write_octet_q <= '0;
    end
  end

  // ---- Stages 2 to 5: the lanes.
  logic       swap;
  logic [4:0] tail_valid_q; // stages 4 to 8
  reference_t tail_q [5];
  logic [5:0] contributions [LANES];

  // A placeholder belongs to a record that won nothing: the lanes have nothing to swap.
  assign swap = valid_q[1] && reference_q[1].first && reference_q[1].occupied;

  for (genvar l = 0; l < int'(LANES); l++) begin : gen_lane
    consistency_lane #(.Dsp(DspWindows)) i_lane (
      .clk_i,
      .rst_i,
      .write_select_i({write_octet_q[l / 8], write_place_q[l % 8]}),
      .write_slot_i  (write_slot_q[SLOT_DELAY-1]),
      .swap_i        (swap),
      .stage_valid_i ({tail_valid_q[0], valid_q[2:1]}),
      .rotated_i     (row_rotated[l]),
      .window_i      (window_q[1]),
      .contribution_o(contributions[l])
    );
  end

  // ---- Stages 6 and 7: the sum of the lanes. Stage 8: the largest sum of the record.
  logic [11:0] sum, best_q;
  logic        better;

  support_sum i_support_sum (
    .clk_i,
    .stage_valid_i  (tail_valid_q[3:2]),
    .contributions_i(contributions),
    .sum_o          (sum)
  );

  assign better = tail_q[4].first || sum > best_q;

  always_ff @(posedge clk_i) begin
    if (valid_q[2]) tail_q[0] <= reference_q[2];
    for (int unsigned s = 0; s < 4; s++) if (tail_valid_q[s]) tail_q[s+1] <= tail_q[s];
    if (tail_valid_q[4] && better) best_q <= sum;
    // A placeholder supports nothing.
    if (tail_valid_q[4] && !tail_q[4].occupied) best_q <= '0;
    if (tail_valid_q[4]) {supported_o.index, supported_o.count} <= {tail_q[4].index, tail_q[4].count};
    supported_valid_o <= tail_valid_q[4] && tail_q[4].last && !rst_i;
    if (rst_i) tail_valid_q <= '0;
    else tail_valid_q <= {tail_valid_q[3:0], valid_q[2]};
  end
  assign supported_o.best = best_q;

  // A reference agrees with itself, so its sum holds at least its own weight, which is not 0.
  `ASSERT_IF(ReferenceSupportsItself, tail_valid_q[4] && tail_q[4].occupied, sum != '0)
  `ASSERT_IF(WithinBound, supported_valid_o, supported_o.best <= 12'(63 * LANES))
  `ASSERT_AFTER(LatencyHolds, CONSISTENCY_LATENCY, reference_valid_i && reference_i.last, supported_valid_o)
endmodule
