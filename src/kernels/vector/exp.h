// The exponential, and the hyperbolic tangent.
#ifndef FULLSTOP_KERNELS_VECTOR_EXP_H_
#define FULLSTOP_KERNELS_VECTOR_EXP_H_

#include <stdint.h>

namespace fullstop::kernels::vector {

// 2^n for n in [-126, 127].
template <class V>
[[gnu::always_inline]] static inline typename V::F PowerOfTwo(typename V::I n) {
  return V::Bits(V::template ShiftLeftI<23>(V::AddI(n, V::SetI(127))));
}

// e^x within 2 units in the last place (of the result where that is subnormal
// too); 0 below -104, infinity above 88.73; a NaN stays one.
//
// x = n ln 2 + r with |r| <= ln 2 / 2; e^r is its Taylor polynomial of degree
// 7 (remainder below 2^-27), with ln 2 in two parts after Cody and Waite. 2^n
// is applied in two steps, so that the result may be subnormal or infinite.
template <class V>
[[gnu::always_inline]] static inline typename V::F Exp(typename V::F x) {
  using F = typename V::F;
  using I = typename V::I;
  x = V::Max(V::Set(-105.0f), V::Min(V::Set(90.0f), x));
  const F n = V::Round(V::Mul(x, V::Set(1.44269504f)));
  F r = V::Fma(n, V::Set(-0.693359375f), x);
  r = V::Fma(n, V::Set(2.12194440e-4f), r);
  F p = V::Set(1.0f / 5040);
  p = V::Fma(p, r, V::Set(1.0f / 720));
  p = V::Fma(p, r, V::Set(1.0f / 120));
  p = V::Fma(p, r, V::Set(1.0f / 24));
  p = V::Fma(p, r, V::Set(1.0f / 6));
  p = V::Fma(p, r, V::Set(0.5f));
  p = V::Fma(p, r, V::Set(1.0f));
  p = V::Fma(p, r, V::Set(1.0f));
  const I whole = V::ToInt(n);
  const I half = V::template ShiftRightSignedI<1>(whole);
  return V::Mul(V::Mul(p, PowerOfTwo<V>(half)),
                PowerOfTwo<V>(V::SubI(whole, half)));
}

// tanh(x) within 5 units of 2^-24 times itself; a NaN stays one.
//
// (1 - e) / (1 + e) with e = exp(-2 |x|), and near 0, where that cancels,
// x + x^3 P(x^2) with P fitted to [0, 0.55] (relative remainder below 2^-29).
template <class V>
[[gnu::always_inline]] static inline typename V::F Tanh(typename V::F x) {
  using F = typename V::F;
  const F size = V::Max(x, V::Negate(x));
  const F e = Exp<V>(V::Mul(size, V::Set(-2.0f)));
  const F far = V::Div(V::Sub(V::Set(1.0f), e), V::Add(V::Set(1.0f), e));
  const typename V::I sign =
      V::AndI(V::Bits(x), V::SetI(static_cast<int32_t>(0x80000000)));
  const F z = V::Mul(x, x);
  F p = V::Set(-6.264368072152138e-3f);
  p = V::Fma(p, z, V::Set(2.1064136177301407e-2f));
  p = V::Fma(p, z, V::Set(-5.385029688477516e-2f));
  p = V::Fma(p, z, V::Set(0.13332565128803253f));
  p = V::Fma(p, z, V::Set(-0.33333316445350647f));
  const F near = V::Fma(V::Mul(p, z), x, x);
  return V::SelectLess(size, V::Set(0.55f), near,
                       V::Bits(V::OrI(V::Bits(far), sign)));
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_EXP_H_
