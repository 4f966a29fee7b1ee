// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Whether a run of lines lies in a memory that this card has. Combinational.
///
/// What lies in host memory is not for the card to know: its bus answers.
module memory_range import whorl_gen_pkg::*, dma_pkg::*; #(
  parameter int unsigned Channels = 1,
  localparam int unsigned Ports   = Channels == 0 ? 1 : Channels
) (
  input  logic [31:0] memory_units_i [Ports],  // size of each channel, CHANNEL_UNIT_BYTES
  input  logic [7:0]  memory_i,                // 0 the host's, else a channel counted from 1
  input  logic [63:0] host_addr_i,
  input  logic [23:0] lines_i,
  output logic        valid_o
);
  localparam int unsigned UnitBits = $clog2(CHANNEL_UNIT_BYTES);

  logic [64:0] run_end;

  assign run_end = 65'(host_addr_i) + (65'(lines_i) << LINE_OFFSET_BITS);

  always_comb begin
    valid_o = memory_i == '0;
    for (int unsigned c = 0; c < Ports; c++) begin
      if (Channels != 0 && memory_i == 8'(c + 1)) valid_o = run_end <= 65'(memory_units_i[c]) << UnitBits;
    end
  end
endmodule
