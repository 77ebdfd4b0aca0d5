// Whole numbers of any size, as Python's int; what int64 can't hold.
#ifndef FULLSTOP_JINJA_BIGINT_H_
#define FULLSTOP_JINJA_BIGINT_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fullstop::jinja {

// Sign and magnitude. A value; operations that would pass kMaxBits throw Error
// (kLimit).
class BigInt {
 public:
  static constexpr size_t kMaxBits = 1 << 18;

  BigInt() = default;
  BigInt(int64_t value);  // NOLINT: a number is a number
  // Truncates; VALUE must be finite.
  static BigInt FromDouble(double value);
  // DIGITS (at least one, all below BASE, which is 2 to 36, either case).
  static BigInt Parse(std::string_view digits, int base);

  bool zero() const { return limbs_.empty(); }
  bool negative() const { return negative_; }
  size_t BitLength() const;
  size_t BitCount() const;
  std::optional<int64_t> ToInt64() const;
  // Rounded to nearest, ties to even; infinite where it is too large.
  double ToDouble() const;
  std::string ToString(int base = 10) const;

  BigInt operator-() const;
  friend BigInt operator+(const BigInt& a, const BigInt& b);
  friend BigInt operator-(const BigInt& a, const BigInt& b) { return a + -b; }
  friend BigInt operator*(const BigInt& a, const BigInt& b);
  // Rounds towards minus infinity; DIVISOR must not be zero.
  static void DivMod(const BigInt& a, const BigInt& divisor, BigInt* quotient,
                     BigInt* remainder);
  static BigInt Pow(BigInt base, uint64_t exponent);

  friend bool operator==(const BigInt&, const BigInt&) = default;
  friend std::strong_ordering operator<=>(const BigInt& a, const BigInt& b);

 private:
  using Limbs = std::vector<uint32_t>;  // little-endian, no leading zero
  BigInt(Limbs limbs, bool negative);
  static int CompareMagnitude(const Limbs& a, const Limbs& b);
  static Limbs Add(const Limbs& a, const Limbs& b);
  static Limbs Subtract(const Limbs& a, const Limbs& b);  // a >= b
  static void Divide(const Limbs& a, const Limbs& b, Limbs* quotient,
                     Limbs* remainder);
  static uint32_t DivideSmall(Limbs* limbs, uint32_t divisor);
  static void MultiplyAdd(Limbs* limbs, uint32_t factor, uint32_t add);

  bool negative_ = false;
  Limbs limbs_;
};

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_BIGINT_H_
