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
  typedef enum logic [1:0] {Idle, Read, Decide} state_e;

  // The children of node n are the two chunks of RAM word n. The root, chunk 1 of word 0, is kept in a register too.
  state_e      state_q;
  comparison_t root_q, carried_q;
  node_t       count_q, node_q; // node_q: the walk is at this node
  node_t       target_q;        // node that an insertion fills
  logic        inserting_q;     // insertion: no hole, everything on the way is exchanged; else node_q is a hole
  comparison_t [1:0] children;

  function automatic logic worse(comparison_t left, comparison_t right);
    return {left.score, ~left.index} < {right.score, ~right.index};
  endfunction

  assign comparison_ready_o = state_q == Idle;
  assign idle_o             = state_q == Idle;
  assign count_o            = count_q;

  // ---- The step of a walk, when the children of node_q are there
  logic        has_child [2];
  logic        walk_side, side; // child that the walk goes to; child that is looked at, by a walk or by a reader
  logic        arrives;         // the walk ends with this step
  comparison_t child;
  node_t       child_node;
  logic        settles;         // the carried entry goes no deeper than the child
  logic        write;
  node_t       write_node;
  comparison_t written;
  logic [3:0]  levels;          // between node_q and target_q
  logic        first, falls;    // of the entry that comes in: it is the first; it is worse than the root
  logic        read_side_q;

  // The child of node_q on the way to target_q is target_q shifted right to one level below node_q.
  function automatic logic [3:0] level_of(node_t node);
    level_of = '0;
    for (int unsigned b = 1; b < NodeWidth; b++) if (node[b]) level_of = 4'(b);
  endfunction
  assign levels = level_of(target_q) - level_of(node_q);

  assign first = count_q == '0;
  assign falls = worse(comparison_i, root_q);

  always_comb begin
    has_child[0] = {node_q, 1'b0} <= {1'b0, count_q};
    has_child[1] = {node_q, 1'b1} <= {1'b0, count_q};
    if (inserting_q) walk_side = 1'(target_q >> (levels - 1'b1));
    else walk_side = has_child[1] && worse(children[1], children[0]);
    side       = idle_o ? read_side_q : walk_side;
    child      = children[side];
    child_node = {node_q[NodeWidth-2:0], walk_side};
    settles    = worse(carried_q, child);
    // An insertion ends at the target; on the way the carried entry changes places with what is better than it.
    // A hole is filled by the worst of its children, unless the carried entry is worse still.
    arrives    = inserting_q ? child_node == target_q : !has_child[0] || settles;
    if (idle_o) begin
      // The new root.
      write      = comparison_valid_i && count_q < capacity_i && (first || falls);
      write_node = node_t'(1);
      written    = comparison_i;
    end else begin
      write      = state_q == Decide && (arrives || !inserting_q || settles);
      write_node = inserting_q ? child_node : node_q;
      written    = inserting_q || arrives ? carried_q : child;
    end
  end

  always_ff @(posedge clk_i) begin
    if (write && write_node == node_t'(1)) root_q <= written;
    unique case (state_q)
      Idle: if (comparison_valid_i) begin
        node_q      <= node_t'(1);
        inserting_q <= count_q < capacity_i;
        target_q    <= count_q + 1'b1;
        if (count_q < capacity_i) begin
          carried_q <= falls ? root_q : comparison_i;
          count_q   <= count_q + 1'b1;
          if (!first) state_q <= Read;
        end else begin
          carried_q <= comparison_i;
          if (!falls) state_q <= Read;
        end
      end
      Read: state_q <= Decide;
      default: begin
        if (inserting_q && write) carried_q <= child;
        node_q  <= child_node;
        state_q <= arrives ? Idle : Read;
      end
    endcase
    if (rst_i) begin
      state_q <= Idle;
      count_q <= '0;
    end
  end

  // ---- The entries
  node_t read_node;

  assign read_node = node_t'(read_entry_i) + 1'b1;

  ram_1w1r #(.ChunkWidth($bits(comparison_t)), .Chunks(2), .Depth(TOP_K_MAX)) i_ram (
    .clk_i,
    .write_enable_i ({write_node[0], !write_node[0]} & {2{write}}),
    .write_address_i(write_node[NodeWidth-1:1]),
    .write_data_i   ({written, written}),
    .read_enable_i  (1'b1),
    .read_address_i (idle_o ? read_node[NodeWidth-1:1] : node_q[NodeWidth-2:0]),
    .read_data_o    (children)
  );

  always_ff @(posedge clk_i) read_side_q <= read_node[0];
  assign read_comparison_o = child;

  `ASSERT(NeverAboveCapacity, count_q <= capacity_i)
  `ASSERT_IF(RootIsWorst, state_q == Decide && inserting_q && node_q == node_t'(1) && child_node != target_q,
          !worse(child, root_q))
  `ASSERT_IF(WorstOfFullRises, count_q == capacity_i && $past(count_q) == capacity_i, !worse(root_q, $past(root_q)))
endmodule
