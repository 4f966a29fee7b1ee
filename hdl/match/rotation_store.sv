// SPDX-License-Identifier: Apache-2.0 OR MIT

/// The probe's minutiae under each of ROTATIONS rotations (MATCHER 3, probe preparation).
///
/// Two reads, one each per cycle, with one cycle of latency: a whole row, and one lane of a row.
/// Written by four lanes at a time, while nothing is read. Every entry carries its parity, and every read is checked:
/// `parity_o` rises three cycles after a read that found a wrong one, and stays until reset.
module rotation_store import whorl_gen_pkg::*, match_pkg::*; #(
  parameter int unsigned Rows = ROWS_BLOCK
) (
  input  logic            clk_i,
  input  logic            rst_i,
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
  output rotated_t        row_o [LANES],
  output logic            parity_o
);
  // Parity makes 27 bits of 26, which fits: block RAM is written by nine bits at the finest.
  typedef struct packed {
    logic     parity; // of an entry all ones are even in number
    rotated_t rotated;
  } entry_t;

  localparam int unsigned Group = 4; // lanes of a write

  logic                  write;
  rotation_t [Group-1:0] positions;
  rotated_t  [Group-1:0] rotated;
  logic      [Group-1:0] parity;
  entry_t    [Group-1:0] group, lane_group;
  logic [LANES-1:0]      row_write;
  entry_t [LANES-1:0]    row_read;
  logic [1:0]            lane_low_q;

  assign write     = probe_write_valid_i && probe_write_i.rotation;
  assign positions = probe_write_i.data[$bits(positions)-1:0];
  assign row_write = {LANES{write}} & (LANES'(4'hf) << probe_write_i.lane);
  for (genvar g = 0; g < int'(Group); g++) begin : gen_group
    // Offset binary is the sign turned over.
    assign rotated[g] = '{y: positions[g].ry, x: {!positions[g].rx[12], positions[g].rx[11:0]}};
    assign group[g]   = '{parity: parity[g], rotated: rotated[g]};
    parity36 i_parity (.bits_i(36'(rotated[g])), .odd_o(parity[g]));
  end

  // One lane: a word holds the four lanes of a write.
  ram_1w1r #(
    .ChunkWidth($bits(group)), .Depth(ROTATIONS << (LANE_WIDTH - 2)), .Style(Rows == ROWS_ULTRA ? "ultra" : "block")
  ) i_lane_ram (
    .clk_i,
    .write_enable_i (write),
    .write_address_i({probe_write_i.row, probe_write_i.lane[LANE_WIDTH-1:2]}),
    .write_data_i   (group),
    .read_enable_i  (lane_read_i),
    .read_address_i ({lane_row_i, lane_i[LANE_WIDTH-1:2]}),
    .read_data_o    (lane_group)
  );
  always_ff @(posedge clk_i) if (lane_read_i) lane_low_q <= lane_i[1:0];
  assign lane_o = lane_group[lane_low_q].rotated;

  // All lanes: a word holds a row.
  if (Rows == ROWS_LUT) begin : gen_lut_rows
    ram_1rw #(.ChunkWidth($bits(entry_t)), .Chunks(LANES), .Depth(ROTATIONS)) i_row_ram (
      .clk_i,
      .address_i     (write ? probe_write_i.row : row_i),
      .write_enable_i(row_write),
      .write_data_i  ({(LANES / Group){group}}),
      .read_enable_i (row_read_i),
      .read_data_o   (row_read)
    );
  end else begin : gen_ram_rows
    ram_1w1r #(
      .ChunkWidth($bits(entry_t)), .Chunks(LANES), .Depth(ROTATIONS), .Style(Rows == ROWS_ULTRA ? "ultra" : "block")
    ) i_row_ram (
      .clk_i,
      .write_enable_i (row_write),
      .write_address_i(probe_write_i.row),
      .write_data_i   ({(LANES / Group){group}}),
      .read_enable_i  (row_read_i),
      .read_address_i (row_i),
      .read_data_o    (row_read)
    );
  end
  for (genvar l = 0; l < int'(LANES); l++) begin : gen_row
    assign row_o[l] = row_read[l].rotated;
  end

  // ---- Parity. A row is checked as a whole, in parts; an odd number of wrong bits is found.
  // What is read for a lane is a group: a wrong bit in any of its four counts.
  localparam int unsigned PartBits   = 36;
  localparam int unsigned RowParts   = $bits(row_read) / PartBits;   // 36
  localparam int unsigned GroupParts = $bits(lane_group) / PartBits; // 3

  logic                              lane_read_q, row_read_q, lane_parts_valid_q, row_parts_valid_q, row_odd, wrong_q;
  logic [RowParts-1:0][PartBits-1:0] row_bits;
  logic [GroupParts-1:0][PartBits-1:0] group_bits;
  logic [RowParts-1:0]               row_parts, row_parts_q;
  logic [GroupParts-1:0]             group_parts, group_parts_q;

  assign row_bits   = row_read;
  assign group_bits = lane_group;
  for (genvar p = 0; p < int'(RowParts); p++) begin : gen_row_part
    parity36 i_parity (.bits_i(row_bits[p]), .odd_o(row_parts[p]));
  end
  for (genvar p = 0; p < int'(GroupParts); p++) begin : gen_group_part
    parity36 i_parity (.bits_i(group_bits[p]), .odd_o(group_parts[p]));
  end
  parity36 i_row_parity (.bits_i(row_parts_q), .odd_o(row_odd));

  always_ff @(posedge clk_i) begin
    lane_read_q        <= lane_read_i && !rst_i;
    row_read_q         <= row_read_i && !rst_i;
    lane_parts_valid_q <= lane_read_q && !rst_i;
    row_parts_valid_q  <= row_read_q && !rst_i;
    if (lane_read_q) group_parts_q <= group_parts;
    if (row_read_q) row_parts_q <= row_parts;
    wrong_q <= (lane_parts_valid_q && ^group_parts_q) || (row_parts_valid_q && row_odd);
    if (wrong_q) parity_o <= 1'b1;
    if (rst_i) begin
      wrong_q  <= 1'b0;
      parity_o <= 1'b0;
    end
  end
endmodule
