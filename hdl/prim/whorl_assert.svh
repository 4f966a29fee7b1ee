// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Assertions that stay alive in simulation. A failure names the broken promise and stops the run.
// They are clocked on clk_i and disabled during rst_i, so both must be visible where the macro is used.
// Synthesis tools define SYNTHESIS and skip them; no simulator does. `cargo xtask formal` defines FORMAL: its reader
// defines SYNTHESIS as well and knows no SVA, so there they are clocked immediate assertions, and the task spells
// |-> and |=> for it.

`ifndef WHORL_ASSERT_SVH
`define WHORL_ASSERT_SVH

`ifdef FORMAL
  `define ASSERT(Name, Prop) \
    always_ff @(posedge clk_i) if (!rst_i) begin \
      Name: assert (Prop); \
    end

  `define ASSERT_AFTER(Name, Cycles, Cause, Effect) \
    logic [(Cycles)-1:0] Name``_since_q; \
    always_ff @(posedge clk_i) Name``_since_q <= rst_i ? '0 : {Name``_since_q[(Cycles)-2:0], (Cause)}; \
    `ASSERT(Name, !Name``_since_q[(Cycles)-1] || (Effect))

  `define ASSERT_HELD(Name, Valid, Ready, Data) \
    `ASSERT(Name, !$past(!rst_i && (Valid) && !(Ready)) || ((Valid) && $stable(Data)))
`elsif SYNTHESIS
  `define ASSERT(Name, Prop)
  `define ASSERT_AFTER(Name, Cycles, Cause, Effect)
  `define ASSERT_HELD(Name, Valid, Ready, Data)
`else
  /// `Prop` holds at every rising edge of clk_i.
  `define ASSERT(Name, Prop) \
    Name: assert property (@(posedge clk_i) disable iff (rst_i) (Prop)) \
      else $fatal(1, "%m: assertion failed");

  /// `Effect` holds `Cycles` (at least 2) cycles after `Cause` held, unless a reset came between.
  /// Spelled with a shift register: `##` would make the simulator schedule time.
  `define ASSERT_AFTER(Name, Cycles, Cause, Effect) \
    logic [(Cycles)-1:0] Name``_since_q; \
    always_ff @(posedge clk_i) Name``_since_q <= rst_i ? '0 : {Name``_since_q[(Cycles)-2:0], (Cause)}; \
    `ASSERT(Name, Name``_since_q[(Cycles)-1] |-> (Effect))

  /// A stream that offers data and is not taken offers the same data in the next cycle.
  `define ASSERT_HELD(Name, Valid, Ready, Data) \
    Name: assert property (@(posedge clk_i) disable iff (rst_i) \
      ((Valid) && !(Ready) |=> (Valid) && $stable(Data))) \
      else $fatal(1, "%m: stream changed while stalled");
`endif

`endif
