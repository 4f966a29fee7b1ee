// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// The lane with the smallest key; of equal keys, the lane with the smallest number (MATCHER 3, pass A).
///
/// One set of keys per cycle, WINNER_LATENCY cycles of latency: a tree of pairs, a level per cycle.
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
  localparam int unsigned Levels = LANE_WIDTH;
  if (LANES != 3 << (Levels - 2) || Levels != WINNER_LATENCY) begin : gen_check_lanes
    $error("winner: the tree is laid out for 48 lanes");
  end

  logic [Levels-2:0] valid_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) {nearest_valid_o, valid_q} <= '0;
    else {nearest_valid_o, valid_q} <= {valid_q, keys_valid_i};
  end

  // Level n holds the nearest of each 2**(n+1) lanes, and the lane within those. The level of three hands its last on.
  for (genvar n = 0; n < int'(Levels); n++) begin : gen_level
    localparam int unsigned Below = n == 0 ? LANES : (LANES + (1 << n) - 1) >> n;
    localparam int unsigned Nodes = (Below + 1) / 2;
    logic       valid;
    key_t       keys_q [Nodes];
    logic [n:0] lanes_q [Nodes];

    if (n == 0) begin : gen_first
      assign valid = keys_valid_i;
    end else begin : gen_later
      assign valid = valid_q[n-1];
    end

    for (genvar i = 0; i < int'(Nodes); i++) begin : gen_node
      key_t       key;
      logic [n:0] lane;
      if (n == 0) begin : gen_keys
        min_node #(.KeyWidth($bits(key_t)), .IndexWidth(0)) i_node (
          .left_key_i(keys_i[2*i]), .right_key_i(keys_i[2*i+1]), .left_index_i(1'b0), .right_index_i(1'b0),
          .key_o(key), .index_o(lane)
        );
      end else if (2*i + 1 < int'(Below)) begin : gen_pair
        min_node #(.KeyWidth($bits(key_t)), .IndexWidth(n)) i_node (
          .left_key_i  (gen_level[n-1].keys_q[2*i]),
          .right_key_i (gen_level[n-1].keys_q[2*i+1]),
          .left_index_i (gen_level[n-1].lanes_q[2*i]),
          .right_index_i(gen_level[n-1].lanes_q[2*i+1]),
          .key_o(key), .index_o(lane)
        );
      end else begin : gen_single
        assign key  = gen_level[n-1].keys_q[2*i];
        assign lane = {1'b0, gen_level[n-1].lanes_q[2*i]};
      end
      always_ff @(posedge clk_i) begin
        if (valid) begin
          keys_q[i]  <= key;
          lanes_q[i] <= lane;
        end
      end
    end
  end
  assign nearest_o = '{key: gen_level[Levels-1].keys_q[0], lane: gen_level[Levels-1].lanes_q[0]};

  `ASSERT_IF(KeyIsDistanceOrNone, nearest_valid_o, nearest_o.key >= key_t'(KEY_BIAS))
  `ASSERT_IF(LaneExists, nearest_valid_o, nearest_o.lane < lane_t'(LANES))
  `ASSERT_AFTER(LatencyHolds, WINNER_LATENCY, keys_valid_i, nearest_valid_o)
endmodule
