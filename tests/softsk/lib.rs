//! A security key in software: what OpenSSH loads where its users name a `SecurityKeyProvider`.
//!
//! Owns the C side of OpenSSH's `sk-api.h`, for tests without hardware. A finger is always on it, and its PIN is
//! [`PIN`]. Like many a real token it signs without a touch when it is asked to: that is what the tests are about. The
//! handle of a key is its secret, so nothing is kept. Knows nothing of undersign.
#![allow(unsafe_code, reason = "a C interface is made of raw pointers")]
#![allow(non_camel_case_types, reason = "the names are those of the header")]

use std::ffi::{CStr, c_char, c_int, c_void};

use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};

const API_VERSION: u32 = 0x000a_0000;
const ECDSA: u32 = 0;
const ED25519: u32 = 1;
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const PIN: &CStr = c"1234";

const OK: c_int = 0;
const UNSUPPORTED: c_int = -2;
const PIN_REQUIRED: c_int = -3;

/// What `sk_enroll` returns.
#[repr(C)]
pub struct sk_enroll_response {
    flags: u8,
    public_key: Bytes,
    key_handle: Bytes,
    signature: Bytes,
    attestation_cert: Bytes,
    authdata: Bytes,
}

/// What `sk_sign` returns.
#[repr(C)]
pub struct sk_sign_response {
    flags: u8,
    counter: u32,
    sig_r: Bytes,
    sig_s: Bytes,
}

/// A pointer and a length, which the header writes as two fields.
#[repr(C)]
struct Bytes {
    start: *mut u8,
    len: usize,
}

unsafe extern "C" {
    fn calloc(count: usize, size: usize) -> *mut c_void;
}

/// A copy that the caller gives back to `free`.
fn copied(bytes: &[u8]) -> Bytes {
    // SAFETY: `calloc` returns that many bytes or nothing, and nothing is not written to.
    unsafe {
        let start = calloc(1, bytes.len().max(1)).cast::<u8>();
        assert!(!start.is_null(), "a test does not run out of memory");
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len());
        Bytes {
            start,
            len: bytes.len(),
        }
    }
}

/// Hands a response over to the caller, who gives it back to `free`.
///
/// # Safety
///
/// `out` is where the caller wants the pointer.
unsafe fn hand_over<T>(out: *mut *mut T, response: T) -> c_int {
    // SAFETY: the memory is of the size of `T`, and `malloc`'s alignment is enough for its fields.
    unsafe {
        let place = calloc(1, size_of::<T>()).cast::<T>();
        assert!(!place.is_null(), "a test does not run out of memory");
        place.write(response);
        out.write(place);
    }
    OK
}

/// # Safety
///
/// `pin` is nothing, or text that ends in a zero.
unsafe fn is_verified(flags: u8, pin: *const c_char) -> bool {
    // SAFETY: as above.
    flags & USER_VERIFIED == 0 || (!pin.is_null() && unsafe { CStr::from_ptr(pin) } == PIN)
}

/// Which version of the interface this is.
#[unsafe(no_mangle)]
pub extern "C" fn sk_api_version() -> u32 {
    API_VERSION
}

/// Makes a key.
///
/// # Safety
///
/// Called by OpenSSH, as `sk-api.h` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sk_enroll(
    algorithm: u32,
    _challenge: *const u8,
    _challenge_len: usize,
    _application: *const c_char,
    flags: u8,
    pin: *const c_char,
    _options: *mut *mut c_void,
    out: *mut *mut sk_enroll_response,
) -> c_int {
    // SAFETY: the caller's text.
    if !unsafe { is_verified(flags, pin) } {
        return PIN_REQUIRED;
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).expect("the system has random numbers");
    let public = match algorithm {
        ED25519 => ed25519_dalek::SigningKey::from_bytes(&secret)
            .verifying_key()
            .as_bytes()
            .to_vec(),
        ECDSA => p256_key(&secret)
            .verifying_key()
            .to_encoded_point(false)
            .as_bytes()
            .to_vec(),
        _ => return UNSUPPORTED,
    };
    let response = sk_enroll_response {
        flags,
        public_key: copied(&public),
        key_handle: copied(&secret),
        signature: copied(&[0; 64]),
        attestation_cert: copied(&[]),
        authdata: copied(&[]),
    };
    // SAFETY: the caller's place.
    unsafe { hand_over(out, response) }
}

/// Signs, and says truly whether that was with touch and PIN: as was asked for.
///
/// # Safety
///
/// Called by OpenSSH, as `sk-api.h` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sk_sign(
    algorithm: u32,
    data: *const u8,
    data_len: usize,
    application: *const c_char,
    key_handle: *const u8,
    key_handle_len: usize,
    flags: u8,
    pin: *const c_char,
    _options: *mut *mut c_void,
    out: *mut *mut sk_sign_response,
) -> c_int {
    // SAFETY: the caller's text.
    if !unsafe { is_verified(flags, pin) } {
        return PIN_REQUIRED;
    }
    // SAFETY: the caller's bytes and text.
    let (data, application, handle) = unsafe {
        (
            std::slice::from_raw_parts(data, data_len),
            CStr::from_ptr(application).to_bytes(),
            std::slice::from_raw_parts(key_handle, key_handle_len),
        )
    };
    let Ok(secret) = handle.try_into() else {
        return UNSUPPORTED;
    };
    let flags = flags & (USER_PRESENT | USER_VERIFIED);
    let counter = 42_u32;
    let mut message = Sha256::digest(application).to_vec();
    message.push(flags);
    message.extend(counter.to_be_bytes());
    message.extend(Sha256::digest(data));
    let (first, second) = match algorithm {
        ED25519 => {
            let key = ed25519_dalek::SigningKey::from_bytes(&secret);
            (key.sign(&message).to_bytes().to_vec(), Vec::new())
        }
        ECDSA => {
            let signature: p256::ecdsa::Signature = p256_key(&secret).sign(&message);
            let (r, s) = signature.split_bytes();
            (r.to_vec(), s.to_vec())
        }
        _ => return UNSUPPORTED,
    };
    let response = sk_sign_response {
        flags,
        counter,
        sig_r: copied(&first),
        sig_s: copied(&second),
    };
    // SAFETY: the caller's place.
    unsafe { hand_over(out, response) }
}

/// Keys that live on the token: this one keeps none.
///
/// # Safety
///
/// Called by OpenSSH, as `sk-api.h` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sk_load_resident_keys(
    _pin: *const c_char,
    _options: *mut *mut c_void,
    _keys: *mut *mut *mut c_void,
    count: *mut usize,
) -> c_int {
    // SAFETY: the caller's place.
    unsafe { count.write(0) };
    UNSUPPORTED
}

fn p256_key(secret: &[u8; 32]) -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(secret).expect("a random number is below the order")
}
