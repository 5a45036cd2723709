/* Reset and trap entry. */
	.section .init, "ax"
	.globl _start
_start:
	csrw mie, zero
	.option push
	.option norelax
	la gp, __global_pointer$
	.option pop
	la t0, trap
	csrw mtvec, t0
	la tp, __tls_base
	/* While preparing the parser recurses: it has a stack outside of the board's RAM. */
	la t0, prepared
	lw t0, 0(t0)
	la sp, nursery_end
	beqz t0, 1f
	la sp, stack_end
1:	la t1, static_image
	la t2, static_start
	la t3, static_end
	bnez t0, 3f
2:	sw zero, 0(t2)
	addi t2, t2, 4
	bltu t2, t3, 2b
	la t1, data_image
	la t2, static_start
	la t3, data_end
	bgeu t2, t3, 4f
3:	lw t0, 0(t1)
	sw t0, 0(t2)
	addi t1, t1, 4
	addi t2, t2, 4
	bltu t2, t3, 3b
4:	call rv32Main
5:	j 5b

	/* setjmp under a name that the compiler does not know (hosts/xs/rv32-image.mjs). */
	.globl engineSetjmp
engineSetjmp:
	tail setjmp

	/* a0: where to keep our stack pointer; a1: the other one's. */
	.globl contextSwitch
contextSwitch:
	addi sp, sp, -64
	sw ra, 0(sp)
	sw s0, 4(sp)
	sw s1, 8(sp)
	sw s2, 12(sp)
	sw s3, 16(sp)
	sw s4, 20(sp)
	sw s5, 24(sp)
	sw s6, 28(sp)
	sw s7, 32(sp)
	sw s8, 36(sp)
	sw s9, 40(sp)
	sw s10, 44(sp)
	sw s11, 48(sp)
	sw tp, 52(sp)
	sw sp, 0(a0)
	mv sp, a1
	lw ra, 0(sp)
	lw s0, 4(sp)
	lw s1, 8(sp)
	lw s2, 12(sp)
	lw s3, 16(sp)
	lw s4, 20(sp)
	lw s5, 24(sp)
	lw s6, 28(sp)
	lw s7, 32(sp)
	lw s8, 36(sp)
	lw s9, 40(sp)
	lw s10, 44(sp)
	lw s11, 48(sp)
	lw tp, 52(sp)
	addi sp, sp, 64
	ret

	.align 2
trap:
	/* Interrupts run on the stack that they interrupt. A fault may be that this stack is full: it has one of its own. */
	csrw mscratch, t0
	csrr t0, mcause
	bgez t0, 3f
	csrr t0, mscratch
	addi sp, sp, -64
	sw ra, 0(sp)
	sw t0, 4(sp)
	sw t1, 8(sp)
	sw t2, 12(sp)
	sw a0, 16(sp)
	sw a1, 20(sp)
	sw a2, 24(sp)
	sw a3, 28(sp)
	sw a4, 32(sp)
	sw a5, 36(sp)
	sw a6, 40(sp)
	sw a7, 44(sp)
	sw t3, 48(sp)
	sw t4, 52(sp)
	sw t5, 56(sp)
	sw t6, 60(sp)
	csrr a0, mcause
	csrr a1, mepc
	call rv32Interrupt
	lw ra, 0(sp)
	lw t0, 4(sp)
	lw t1, 8(sp)
	lw t2, 12(sp)
	lw a0, 16(sp)
	lw a1, 20(sp)
	lw a2, 24(sp)
	lw a3, 28(sp)
	lw a4, 32(sp)
	lw a5, 36(sp)
	lw a6, 40(sp)
	lw a7, 44(sp)
	lw t3, 48(sp)
	lw t4, 52(sp)
	lw t5, 56(sp)
	lw t6, 60(sp)
	addi sp, sp, 64
	mret
3:	csrr a0, mcause
	csrr a1, mepc
	csrr a2, mtval
	la sp, fault_stack_end
	call rv32Fault
