// What the rules ask of a target's ends.
#ifndef FULLSTOP_DOCTOR_ENDS_H_
#define FULLSTOP_DOCTOR_ENDS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "doctor/rule.h"
#include "doctor/target.h"

namespace fullstop {

// What the template writes behind an answer or a call, by its renderings;
// nullptr where they don't show that STOP ends one.
const Source* DerivedFrom(const Stop& stop);

// The sources that transformers' generate() asks for its ends:
// generation_config.json, and config.json where that file is absent. Of a
// target whose ends are declared in JSON.
Provenance GenerationSource(const Target& target);

// Whether an answer or a call ends there, so that what follows is nobody's.
bool EndsAReply(const Stop& stop);

// "2, 7, 8": as many as a line holds, and "…" for the rest.
std::string ShownIds(std::span<const int64_t> ids);

// The ends that are declared: where, and which.
std::vector<Exhibit> DeclaredEnds(const Target& target);

// Where STOP is to be declared, and how.
std::string DeclareEnd(const Target& target, const Stop& stop);

// "; llama.cpp does not stop there", or by what it does; empty where TARGET is
// no GGUF file.
std::string WhatLlamaCppDoes(const Target& target, TokenId id);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_ENDS_H_
