// What llama.cpp takes for the ends of a GGUF file's replies.
#ifndef FULLSTOP_DOCTOR_LLAMA_CPP_ENDS_H_
#define FULLSTOP_DOCTOR_LLAMA_CPP_ENDS_H_

#include "doctor/target.h"

namespace fullstop {

enum class LlamaCppEnd {
  kNone,   // it does not stop there
  kKey,    // by a key of the file
  kGuess,  // by the token's name
};

// Facts of src/llama-vocab.cpp of 2026: the keys of eos, eot and eom, and a
// list of names. TARGET is a GGUF file.
LlamaCppEnd LlamaCppEndOf(const Target& target, TokenId id);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_LLAMA_CPP_ENDS_H_
