export { ShotDetector } from './shot-detector.ts';
