// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Keeps the `capacity_i` best comparisons of any number: by score descending, then index ascending.
///
/// A heap with the worst entry at the root. A comparison that is not better than the worst of a full heap is
/// dropped, one per cycle; one that is kept walks down the heap, two cycles per level, at most 18 cycles in all.
/// Entries are read in heap order, with one cycle of latency, while no comparison comes in.
module top_k import whorl_gen_pkg::*, match_pkg::*; (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic [8:0]  capacity_i,         // K, 1..TOP_K_MAX, stable since reset
  // comparisons
  input  logic        comparison_valid_i,
  output logic        comparison_ready_o,
  input  comparison_t comparison_i,
  // reading
  output logic        idle_o,
  output logic [8:0]  count_o,            // entries held
  input  logic [7:0]  read_entry_i,       // 0..count_o-1
  output comparison_t read_comparison_o
);
  localparam int unsigned NodeWidth = $clog2(TOP_K_MAX) + 1; // nodes 1..TOP_K_MAX

  typedef logic [NodeWidth-1:0] node_t;
  // As one number: the larger, the better.
  typedef struct packed {
    logic [15:0] score;
    logic [31:0] index_inverted;
  } rank_t;

  typedef enum logic [1:0] {Idle, Read, Decide} state_e;

  // The root is a register; the children of node n are the two chunks of RAM word n.
  state_e state_q;
  rank_t  root_q, carried_q, incoming;
  node_t  count_q, node_q;     // node_q: the walk is at this node
  node_t  target_q;            // node that an insertion fills
  logic   inserting_q;         // insertion: no hole, everything on the way is exchanged; else node_q is a hole
  rank_t [1:0] children;

  assign incoming           = '{comparison_i.score, ~comparison_i.index};
  assign comparison_ready_o = state_q == Idle;
  assign idle_o             = state_q == Idle;
  assign count_o            = count_q;

  // ---- The step of a walk, when the children of node_q are there
  logic        has_child [2];
  logic        side;           // child that the walk goes to
  logic        arrives;        // the walk ends with this step
  rank_t       child;
  node_t       child_node;
  logic        write;
  node_t       write_node;
  rank_t       write_rank;
  logic [3:0]  levels;         // between node_q and target_q

  // The child of node_q on the way to target_q is target_q shifted right to one level below node_q.
  function automatic logic [3:0] level_of(node_t node);
    level_of = '0;
    for (int unsigned b = 1; b < NodeWidth; b++) if (node[b]) level_of = 4'(b);
  endfunction
  assign levels = level_of(target_q) - level_of(node_q);

  always_comb begin
    has_child[0] = {node_q, 1'b0} <= {1'b0, count_q};
    has_child[1] = {node_q, 1'b1} <= {1'b0, count_q};
    if (inserting_q) side = 1'(target_q >> (levels - 1'b1));
    else side = has_child[1] && children[1] < children[0];
    child      = children[side];
    child_node = {node_q[NodeWidth-2:0], side};
    if (inserting_q) begin
      // The carried entry settles at the target, or where it is worse than the entry there.
      arrives    = child_node == target_q;
      write      = arrives || carried_q < child;
      write_node = child_node;
      write_rank = carried_q;
    end else begin
      // The worst of the children fills the hole, unless the carried entry is worse still.
      arrives    = !has_child[0] || carried_q < child;
      write      = 1'b1;
      write_node = node_q;
      write_rank = arrives ? carried_q : child;
    end
  end

  always_ff @(posedge clk_i) begin
    unique case (state_q)
      Idle: if (comparison_valid_i) begin
        node_q      <= node_t'(1);
        carried_q   <= incoming;
        inserting_q <= count_q < capacity_i;
        if (count_q < capacity_i) begin
          count_q  <= count_q + 1'b1;
          target_q <= count_q + 1'b1;
          if (count_q == '0) root_q <= incoming;
          else begin
            state_q <= Read;
            if (incoming < root_q) begin
              root_q    <= incoming;
              carried_q <= root_q;
            end
          end
        end else if (incoming > root_q) state_q <= Read;
      end
      Read: state_q <= Decide;
      default: begin
        if (inserting_q && write) carried_q <= child;
        if (write && write_node == node_t'(1)) root_q <= write_rank;
        node_q  <= child_node;
        state_q <= arrives ? Idle : Read;
      end
    endcase
    if (rst_i) begin
      state_q <= Idle;
      count_q <= '0;
    end
  end

  // ---- Entries below the root
  node_t read_node;
  logic  read_root_q;
  logic  read_side_q;

  assign read_node = node_t'(read_entry_i) + 1'b1;

  ram_1w1r #(.ChunkWidth($bits(rank_t)), .Chunks(2), .Depth(TOP_K_MAX)) i_ram (
    .clk_i,
    .write_enable_i (state_q == Decide && write ? {write_node[0], !write_node[0]} : 2'b00),
    .write_address_i(write_node[NodeWidth-1:1]),
    .write_data_i   ({write_rank, write_rank}),
    .read_enable_i  (1'b1),
    .read_address_i (idle_o ? read_node[NodeWidth-1:1] : node_q[NodeWidth-2:0]),
    .read_data_o    (children)
  );

  rank_t read_rank;
  always_ff @(posedge clk_i) begin
    read_root_q <= read_entry_i == '0;
    read_side_q <= read_node[0];
  end
  assign read_rank         = read_root_q ? root_q : children[read_side_q];
  assign read_comparison_o = '{score: read_rank.score, index: ~read_rank.index_inverted};

  `ASSERT(NeverAboveCapacity, count_q <= capacity_i)
  `ASSERT(RootIsWorst, state_q == Decide && inserting_q && node_q == node_t'(1) && child_node != target_q
          |-> root_q <= child)
  `ASSERT(WorstOfFullRises, count_q == capacity_i && $past(count_q) == capacity_i |-> root_q >= $past(root_q))
endmodule
