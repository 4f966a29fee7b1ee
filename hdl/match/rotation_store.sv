// SPDX-License-Identifier: Apache-2.0 OR MIT

/// The probe's minutiae under each of ROTATIONS rotations (MATCHER 3, probe preparation).
///
/// Two reads, one each per cycle: a whole row with two cycles of latency, and one lane of a row with one cycle.
/// Written by four lanes at a time.
module rotation_store import whorl_gen_pkg::*, match_pkg::*; (
  input  logic            clk_i,
  // probe loading
  input  logic            probe_write_valid_i,
  input  probe_write_t    probe_write_i,
  // one lane
  input  logic            lane_read_i,
  input  rotation_index_t lane_row_i,
  input  lane_t           lane_i,
  output rotated_t        lane_o,
  // all lanes
  input  logic            row_read_i,
  input  rotation_index_t row_i,
  output rotated_t        row_o [LANES]
);
  // 27 bits and not 26: block RAM is written by nine bits at the finest.
  localparam int unsigned LaneBits = 27;
  localparam int unsigned Group    = 4; // lanes of a write

  logic                           write;
  rotation_t [Group-1:0]          positions;
  logic [Group-1:0][LaneBits-1:0] group, lane_group;
  logic [LANES-1:0]               row_write;
  logic [LANES-1:0][LaneBits-1:0] row_read, row_q;
  logic [1:0]                     lane_low_q;
  logic                           row_read_q;

  assign write     = probe_write_valid_i && probe_write_i.rotation;
  assign positions = probe_write_i.data[$bits(positions)-1:0];
  assign row_write = {LANES{write}} & (LANES'(4'hf) << probe_write_i.lane);
  for (genvar g = 0; g < int'(Group); g++) begin : gen_group
    assign group[g] = {1'b0, positions[g].ry, positions[g].rx};
  end

  // One lane: a word holds the four lanes of a write.
  ram_1w1r #(.ChunkWidth(Group * LaneBits), .Depth(ROTATIONS << (LANE_WIDTH - 2))) i_lane_ram (
    .clk_i,
    .write_enable_i (write),
    .write_address_i({probe_write_i.row, probe_write_i.lane[LANE_WIDTH-1:2]}),
    .write_data_i   (group),
    .read_enable_i  (lane_read_i),
    .read_address_i ({lane_row_i, lane_i[LANE_WIDTH-1:2]}),
    .read_data_o    (lane_group)
  );
  always_ff @(posedge clk_i) if (lane_read_i) lane_low_q <= lane_i[1:0];
  assign lane_o = lane_group[lane_low_q][$bits(rotated_t)-1:0];

  // All lanes: a word holds a row.
  ram_1w1r #(.ChunkWidth(LaneBits), .Chunks(LANES), .Depth(ROTATIONS)) i_row_ram (
    .clk_i,
    .write_enable_i (row_write),
    .write_address_i(probe_write_i.row),
    .write_data_i   ({(LANES / Group){group}}),
    .read_enable_i  (row_read_i),
    .read_address_i (row_i),
    .read_data_o    (row_read)
  );
  // The output register of the RAM blocks.
  always_ff @(posedge clk_i) begin
    row_read_q <= row_read_i;
    if (row_read_q) row_q <= row_read;
  end
  for (genvar l = 0; l < int'(LANES); l++) begin : gen_row
    assign row_o[l] = row_q[l][$bits(rotated_t)-1:0];
  end
endmodule
