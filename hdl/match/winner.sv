// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// The lane with the smallest key; of equal keys, the lane with the smallest number (MATCHER 3, pass A).
///
/// One set of keys per cycle, three cycles of latency: the tree compares four by four.
module winner import whorl_gen_pkg::*, match_pkg::*; (
  input  logic     clk_i,
  input  logic     rst_i,
  // keys in
  input  logic     keys_valid_i,
  input  key_t     keys_i [LANES],
  // nearest lane out; its key is KEY_NONE when no lane was a candidate
  output logic     nearest_valid_o,
  output nearest_t nearest_o
);
  localparam int unsigned Quads    = LANES / 4;
  localparam int unsigned Sixteens = Quads / 4;
  if (Sixteens != 3) begin : gen_check_lanes
    $error("winner: the tree is laid out for 48 lanes");
  end

  nearest_t   quads_q [Quads];
  nearest_t   sixteens_q [Sixteens];
  logic [1:0] valid_q;

  // The left one comes from smaller lanes and wins ties.
  function automatic nearest_t nearer(nearest_t left, nearest_t right);
    return right.key < left.key ? right : left;
  endfunction

  function automatic nearest_t of_lane(key_t key, lane_t lane);
    return '{key: key, lane: lane};
  endfunction

  always_ff @(posedge clk_i) begin
    if (keys_valid_i) begin
      for (int unsigned q = 0; q < Quads; q++) begin
        quads_q[q] <= nearer(nearer(of_lane(keys_i[4*q], lane_t'(4*q)),   of_lane(keys_i[4*q+1], lane_t'(4*q+1))),
                             nearer(of_lane(keys_i[4*q+2], lane_t'(4*q+2)), of_lane(keys_i[4*q+3], lane_t'(4*q+3))));
      end
    end
    if (valid_q[0]) begin
      for (int unsigned h = 0; h < Sixteens; h++) begin
        sixteens_q[h] <= nearer(nearer(quads_q[4*h], quads_q[4*h+1]), nearer(quads_q[4*h+2], quads_q[4*h+3]));
      end
    end
    if (valid_q[1]) nearest_o <= nearer(nearer(sixteens_q[0], sixteens_q[1]), sixteens_q[2]);
    if (rst_i) {nearest_valid_o, valid_q} <= '0;
    else {nearest_valid_o, valid_q} <= {valid_q, keys_valid_i};
  end

  `ASSERT(KeyIsDistanceOrNone, nearest_valid_o |-> nearest_o.key < 6'(DISTANCE_CEILING) || nearest_o.key == KEY_NONE)
  `ASSERT(LaneExists, nearest_valid_o |-> nearest_o.lane < lane_t'(LANES))
endmodule
