// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Takes probe images apart into writes for the engines of a slot, and keeps which slots are loaded.
///
/// A record line takes 96 cycles, for the tables of each minutia are walked through, a rotation line four; the writes
/// follow three cycles later. Lines of a slot that does not exist are swallowed. A slot counts as loaded from its last
/// line until its next first line or a discard.
module probe_loader import whorl_gen_pkg::*, match_pkg::*, distance_pkg::*; #(
  parameter int unsigned Probes = 1 // slots
) (
  input  logic              clk_i,
  input  logic              rst_i,
  // lines of probe images
  input  logic              probe_line_valid_i,
  output logic              probe_line_ready_o,
  input  probe_line_t       probe_line_i,
  // the image was found to be damaged
  input  logic              probe_discard_valid_i,
  input  logic [7:0]        probe_discard_slot_i,
  output logic [Probes-1:0] probe_loaded_o,
  // writes
  output logic [Probes-1:0] probe_write_valid_o,
  output probe_write_t      probe_write_o
);
  // Each rotation line holds a third of a row, in four groups of four lanes.
  localparam int unsigned LineLanes = LANES / ROTATION_LINES;

  record_line_t      minutiae;
  logic              rotation, place_done, line_done;
  logic [1:0]        place_q; // minutia of a record line, group of a rotation line
  step_t             step_q;  // of the minutia's tables
  rotation_index_t   row_q;
  logic [1:0]        third_q;
  logic [Probes-1:0] slot;
  probe_write_t      write, taken_q, folded_q;
  minutia_t          minutia;
  parities_t         parities_q;
  logic [Probes-1:0] taken_valid_q, folded_valid_q;

  assign minutiae   = probe_line_i.data;
  assign rotation   = probe_line_i.index >= 8'(PROBE_LINES);
  assign place_done = rotation || step_q == step_t'(STEPS - 1);
  assign line_done  = place_done && place_q == (rotation ? 2'd3 : 2'd2);
  assign probe_line_ready_o = line_done;
  for (genvar p = 0; p < int'(Probes); p++) begin : gen_slot
    assign slot[p] = probe_line_i.slot == 8'(p);
  end

  always_comb begin
    write          = '0;
    write.rotation = rotation;
    write.row      = row_q;
    write.gate     = probe_line_i.gate;
    write.step     = step_q;
    if (rotation) begin
      write.lane    = lane_t'(LineLanes * third_q) + {2'b0, place_q, 2'b0};
      write.data    = {32'b0, probe_line_i.data[128*place_q +: 128]};
    end else begin
      write.present = place_q < minutiae.count;
      write.lane    = lane_t'(LINE_MINUTIAE * probe_line_i.index[3:0]) + lane_t'(place_q);
      unique case (place_q)
        2'd0:    write.data = {minutiae.angle_0, minutiae.y_0, minutiae.x_0, minutiae.descriptor_0};
        2'd1:    write.data = {minutiae.angle_1, minutiae.y_1, minutiae.x_1, minutiae.descriptor_1};
        default: write.data = {minutiae.angle_2, minutiae.y_2, minutiae.x_2, minutiae.descriptor_2};
      endcase
    end
  end
  assign minutia = folded_q.data;

  always_ff @(posedge clk_i) begin
    if (probe_line_valid_i) begin
      step_q        <= place_done ? '0 : step_q + 1'b1;
      if (place_done) place_q <= line_done ? '0 : place_q + 1'b1;
      taken_q       <= write;
      if (line_done) begin
        // Rows are counted, not divided out of the index.
        if (!rotation) begin
          row_q   <= '0;
          third_q <= '0;
        end else if (third_q == 2'(ROTATION_LINES - 1)) begin
          row_q   <= row_q + 1'b1;
          third_q <= '0;
        end else third_q <= third_q + 1'b1;
      end
    end
    // Parities in one cycle, what is made of them in the next.
    if (taken_valid_q != '0) begin
      folded_q   <= taken_q;
      parities_q <= parities_of(taken_q.data[WORD_BITS-1:0]);
    end
    if (folded_valid_q != '0) begin
      probe_write_o         <= folded_q;
      probe_write_o.halves  <= halves_of(minutia.descriptor, parities_q, folded_q.step);
      probe_write_o.further <= further_of(parities_q[COLUMNS-1], minutia.geometry.angle, folded_q.gate, folded_q.present, folded_q.step);
    end
    taken_valid_q       <= probe_line_valid_i && !rst_i ? slot : '0;
    folded_valid_q      <= rst_i ? '0 : taken_valid_q;
    probe_write_valid_o <= rst_i ? '0 : folded_valid_q;
    for (int unsigned p = 0; p < Probes; p++) begin
      if (probe_line_valid_i && slot[p] && probe_line_i.index == '0) probe_loaded_o[p] <= 1'b0;
      if (probe_line_valid_i && slot[p] && line_done && probe_line_i.index == 8'(PROBE_IMAGE_LINES - 1)) probe_loaded_o[p] <= 1'b1;
      if (probe_discard_valid_i && probe_discard_slot_i == 8'(p)) probe_loaded_o[p] <= 1'b0;
    end
    if (rst_i) begin
      place_q        <= '0;
      step_q         <= '0;
      probe_loaded_o <= '0;
    end
  end

  `ASSERT_IF(LanesExist, |probe_write_valid_o, probe_write_o.lane < lane_t'(LANES))
  `ASSERT_IF(RowsInOrder, probe_line_valid_i && rotation,
          8'(PROBE_LINES) + 8'(ROTATION_LINES) * 8'(row_q) + 8'(third_q) == probe_line_i.index)
endmodule
