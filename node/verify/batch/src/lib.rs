//! What node/verify/batch.c needs of the curve, and nothing else: decoding a point, whether it has prime order, and the
//! equation of encoding 1.3, rule 4, for one signature or for many at once. Which bytes are looked at before, what is
//! hashed, and where the weights come from is decided there. Public data only; nothing here is in constant time.
//! Declared once more in points.h; threads: any.
#![no_std]
extern crate alloc;
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::slice;
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};

extern "C" {
    fn points_memory(newest: *mut u8, size: usize, align: usize) -> *mut u8;
    fn abort() -> !;
}

/// What the sum of a batch takes, from the memory of the thread that decides it. All of it is given back at once, by C.
struct Memory;
#[global_allocator]
static MEMORY: Memory = Memory;

// SAFETY: points_memory gives no two what overlaps, and NULL where there is none.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        points_memory(core::ptr::null_mut(), layout.size(), layout.align())
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let larger = points_memory(memory, size, layout.align());
        if larger != memory && !larger.is_null() {
            memory.copy_to_nonoverlapping(larger, layout.size().min(size));
        }
        larger
    }
}

/// An assertion of the library's, or of its memory, did not hold.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unsafe { abort() }
}

/// A decoded point, as C keeps it: `struct point`. It may be copied, byte by byte.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Point([u64; POINT_WORDS]);
const POINT_WORDS: usize = 20;
const _: () = assert!(size_of::<EdwardsPoint>() == size_of::<Point>() && align_of::<EdwardsPoint>() <= align_of::<Point>());

/// `struct signed_point`: what one signature says. `hash` is SHA-512 of R, key and message.
#[repr(C)]
pub struct Signed {
    key: *const Point,
    r: *const [u8; 32],
    s: *const [u8; 32],
    hash: *const [u8; 64],
}

impl Point {
    fn of(point: EdwardsPoint) -> Point {
        // SAFETY: both are of one size and hold nothing but integers; EdwardsPoint is Copy.
        unsafe { core::mem::transmute(point) }
    }
    /// # Safety: it was made by `of`.
    unsafe fn get(&self) -> EdwardsPoint {
        core::mem::transmute(*self)
    }
}

/// Returns whether the bytes are a point. Which encodings are canonical the caller has looked at.
///
/// # Safety
/// `bytes` and `point` point to what their types say.
#[no_mangle]
pub unsafe extern "C" fn points_decode(bytes: *const [u8; 32], point: *mut Point) -> bool {
    match CompressedEdwardsY(*bytes).decompress() {
        Some(decoded) => {
            *point = Point::of(decoded);
            true
        }
        None => false,
    }
}

/// Whether its order is exactly that of the base point.
///
/// # Safety
/// `point` was decoded.
#[no_mangle]
pub unsafe extern "C" fn points_prime_order(point: *const Point) -> bool {
    let point = (*point).get();
    !point.is_identity() && point.is_torsion_free()
}

/// Whether 8 (sB - kA - R) = 0, for an s below the group order.
///
/// # Safety
/// All that `signed` points to is there, and its key was decoded.
#[no_mangle]
pub unsafe extern "C" fn points_hold(signed: *const Signed) -> bool {
    let signed = &*signed;
    let Some(r) = CompressedEdwardsY(*signed.r).decompress() else {
        return false;
    };
    let k = Scalar::from_bytes_mod_order_wide(&*signed.hash);
    let s = Scalar::from_bytes_mod_order(*signed.s);
    let difference = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-(*signed.key).get(), &s) - r;
    difference.mul_by_cofactor().is_identity()
}

/// Whether it holds for all of them: the sum of the equations, each times its weight of 128 bits. Where one does not hold,
/// this says so but for one choice of weights in 2^128.
///
/// # Safety
/// `signed` and `weights` are `count` items, and all that they point to is there.
#[no_mangle]
pub unsafe extern "C" fn points_all_hold(signed: *const Signed, weights: *const [u8; 16], count: usize) -> bool {
    let signed = slice::from_raw_parts(signed, count);
    let weights = slice::from_raw_parts(weights, count);
    let mut scalars = Vec::with_capacity(2 * count + 1);
    let mut points = Vec::with_capacity(2 * count + 1);
    let mut base = Scalar::ZERO;
    for (signed, weight) in signed.iter().zip(weights) {
        let Some(r) = CompressedEdwardsY(*signed.r).decompress() else {
            return false;
        };
        let weight = Scalar::from(u128::from_le_bytes(*weight));
        base += weight * Scalar::from_bytes_mod_order(*signed.s);
        scalars.push(weight * Scalar::from_bytes_mod_order_wide(&*signed.hash));
        points.push((*signed.key).get());
        scalars.push(weight);
        points.push(r);
    }
    scalars.push(-base);
    points.push(ED25519_BASEPOINT_POINT);
    EdwardsPoint::vartime_multiscalar_mul(&scalars, &points).mul_by_cofactor().is_identity()
}
