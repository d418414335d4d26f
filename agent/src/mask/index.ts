export { CandidateIndex, MIN_SENSITIVE_DIGITS_BYTES, NO_HIT, hasSensitiveDigits } from "./candidates.ts";
export { MASK_LABELS, createMask, maskText, newMaskCounts, type Detector, type MaskCounts } from "./detectors.ts";
