// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Pass B of MATCHER 3: for each reference, the weights of the lanes whose slots moved as its slot did; per record, the
/// largest sum.
///
/// One reference per cycle; a record leaves CONSISTENCY_LATENCY cycles after its last reference came in.
/// The slots won in pass A reach the lanes SLOT_DELAY cycles late: exactly then the first reference of their record,
/// with which the lanes' slots change, has come through the rotation memory (see references).
module consistency import whorl_gen_pkg::*, match_pkg::*; (
  input  logic              clk_i,
  input  logic              rst_i,
  // probe loading
  input  logic              probe_write_valid_i,
  input  probe_write_t      probe_write_i,
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
  // ---- Stage 1: the reference's own minutia under its rotation. Stage 2: its error. Stage 3: waits for the row.
  logic [2:0]         valid_q;
  reference_t         reference_q [3];
  rotation_index_t    row, row_q;
  logic [7:0]         turn_rounded;
  rotated_t           reference_rotated;
  logic signed [13:0] error_x_q [2], error_y_q [2];
  rotated_t           row_rotated [LANES];

  // Rows are 4/256 turn apart; the nearest is taken.
  assign turn_rounded = reference_i.slot.turn + 8'd2;
  assign row          = turn_rounded[7:2];

  always_ff @(posedge clk_i) begin
    if (reference_valid_i) begin
      reference_q[0] <= reference_i;
      row_q          <= row;
    end
    if (valid_q[0]) begin
      reference_q[1] <= reference_q[0];
      error_x_q[0]   <= 14'(reference_q[0].slot.x) - 14'(reference_rotated.x);
      error_y_q[0]   <= 14'(reference_q[0].slot.y) - 14'(reference_rotated.y);
    end
    if (valid_q[1]) begin
      reference_q[2] <= reference_q[1];
      error_x_q[1]   <= error_x_q[0];
      error_y_q[1]   <= error_y_q[0];
    end
    if (rst_i) valid_q <= '0;
    else valid_q <= {valid_q[1:0], reference_valid_i};
  end

  rotation_store i_rotation_store (
    .clk_i,
    .probe_write_valid_i,
    .probe_write_i,
    .lane_read_i(reference_valid_i),
    .lane_row_i (row),
    .lane_i     (reference_i.lane),
    .lane_o     (reference_rotated),
    .row_read_i (valid_q[0]),
    .row_i      (row_q),
    .row_o      (row_rotated)
  );

  // ---- Stages 4 and 5: the lanes.
  logic [SLOT_DELAY-1:0] write_valid_q;
  slot_write_t           write;
  logic                  swap;
  logic [3:0]            tail_valid_q; // stages 5 to 8
  reference_t            tail_q [4];
  logic [5:0]            contributions [LANES];

  delay_line #(.Width($bits(slot_write_t)), .Stages(SLOT_DELAY)) i_slot_delay (
    .clk_i, .data_i(slot_write_i), .data_o(write)
  );
  always_ff @(posedge clk_i) begin
    if (rst_i) write_valid_q <= '0;
    else write_valid_q <= {write_valid_q[SLOT_DELAY-2:0], slot_write_valid_i};
  end

  // A placeholder belongs to a record that won nothing: the lanes have nothing to swap.
  assign swap = valid_q[1] && reference_q[1].first && reference_q[1].occupied;

  for (genvar l = 0; l < int'(LANES); l++) begin : gen_lane
    consistency_lane #(.Lane(l)) i_lane (
      .clk_i,
      .rst_i,
      .slot_write_valid_i(write_valid_q[SLOT_DELAY-1]),
      .slot_write_i      (write),
      .swap_i            (swap),
      .stage_valid_i     ({tail_valid_q[0], valid_q[2]}),
      .rotated_i         (row_rotated[l]),
      .error_x_i         (error_x_q[1]),
      .error_y_i         (error_y_q[1]),
      .turn_i            (reference_q[2].slot.turn),
      .contribution_o    (contributions[l])
    );
  end

  // ---- Stages 6 and 7: the sum of the lanes. Stage 8: the largest sum of the record.
  localparam int unsigned Groups    = 8;
  localparam int unsigned GroupSize = LANES / Groups;

  logic [8:0]  group_sums_q [Groups];
  logic [11:0] sum, sum_q, best, best_q;

  function automatic logic [8:0] sum_of_six(logic [5:0] a, b, c, d, e, f);
    return (9'(a) + 9'(b)) + (9'(c) + 9'(d)) + (9'(e) + 9'(f));
  endfunction

  always_comb begin
    sum = '0;
    for (int unsigned g = 0; g < Groups; g++) sum += 12'(group_sums_q[g]);
  end

  // A placeholder supports nothing.
  assign best = !tail_q[3].occupied ? '0 : tail_q[3].first || sum_q > best_q ? sum_q : best_q;

  always_ff @(posedge clk_i) begin
    if (valid_q[2]) tail_q[0] <= reference_q[2];
    for (int unsigned s = 0; s < 3; s++) if (tail_valid_q[s]) tail_q[s+1] <= tail_q[s];
    if (tail_valid_q[1]) begin
      for (int unsigned g = 0; g < Groups; g++) begin
        group_sums_q[g] <= sum_of_six(contributions[GroupSize*g], contributions[GroupSize*g+1], contributions[GroupSize*g+2],
                                      contributions[GroupSize*g+3], contributions[GroupSize*g+4], contributions[GroupSize*g+5]);
      end
    end
    if (tail_valid_q[2]) sum_q <= sum;
    if (tail_valid_q[3]) begin
      best_q      <= best;
      supported_o <= '{index: tail_q[3].index, count: tail_q[3].count, best: best};
    end
    supported_valid_o <= tail_valid_q[3] && tail_q[3].last && !rst_i;
    if (rst_i) tail_valid_q <= '0;
    else tail_valid_q <= {tail_valid_q[2:0], valid_q[2]};
  end

  // A reference agrees with itself, so its sum holds at least its own weight.
  `ASSERT(ReferenceSupportsItself, tail_valid_q[3] && tail_q[3].occupied |-> sum_q >= 12'(tail_q[3].slot.weight))
  `ASSERT(WithinBound, supported_valid_o |-> supported_o.best <= 12'(63 * LANES))
  `ASSERT_AFTER(LatencyHolds, CONSISTENCY_LATENCY, reference_valid_i && reference_i.last, supported_valid_o)
endmodule
