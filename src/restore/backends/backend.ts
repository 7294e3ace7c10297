/** Element types that models take and give; float16 travels as its bits in 16-bit words. */
export type TensorType = 'float32' | 'float16' | 'uint8';
export type TensorData = Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** A dense array, last dimension fastest. */
export interface TensorValue {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** What a model says about one of its inputs or outputs. Names stand for dimensions that any size fits. */
export interface TensorInfo {
  readonly name: string;
  /** The runtime's word for the element type; only those of TensorType can be fed. */
  readonly type: string;
  /** Empty where the model leaves even the number of dimensions open. */
  readonly shape: readonly (number | string)[];
}

/** What a manifest says about a network's picture input and output; all that a backend without weights needs. */
export interface ModelInterface {
  readonly input: string;
  readonly output: string;
  readonly channelsIn: number;
  readonly channelsOut: number;
  /** Whether channels are planes (`nchw`, the default) or lie together at each pixel (`nhwc`). */
  readonly layoutIn?: 'nchw' | 'nhwc';
  readonly layoutOut?: 'nchw' | 'nhwc';
  /** Output pixels for an input pixel along one side; below 1 for networks that give a coarser grid. */
  readonly scale: number;
}

/** How a model is written down: one ONNX file, or the `model.json` of a TensorFlow.js folder and its weight files. */
export type ModelFormat = 'onnx' | 'tfjs';

/** Weights as they lie in memory, verified by who hands them over. */
export interface ModelSource {
  /** Default: ONNX. */
  readonly format?: ModelFormat;
  /** The ONNX file, or `model.json`. */
  readonly bytes: Uint8Array;
  /** The weight files that `model.json` names, in its order; none for ONNX. */
  readonly shards?: readonly Uint8Array[];
  /** Files beside the model that hold weights, by the names that the model calls them. */
  readonly external?: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly shape: ModelInterface;
}

export interface OpenOptions {
  /** One of the ids in the backend's `kinds`. */
  readonly device: string;
  /** CPU threads that one run may use. */
  readonly threads: number;
}

/** A model made ready on a device. Runs follow each other; one session is never run twice at once. */
export interface InferenceSession {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Computes the outputs. `into` names outputs whose shape the caller knows: they are written to the memory given there.
   * May block the calling thread until it is done. Rejects after `close`, with the device's own error otherwise.
   */
  run(
    feeds: Readonly<Record<string, TensorValue>>,
    into?: Readonly<Record<string, TensorValue>>,
  ): Promise<Record<string, TensorValue>>;
  close(): Promise<void>;
}

/** A place where models can run, and for those that cannot, why and what would help. */
export interface DeviceInfo {
  /** Unique over all backends: what `--device` takes. */
  readonly id: string;
  readonly backend: string;
  readonly name: string;
  readonly available: boolean;
  /** One sentence; only where it is not available. */
  readonly reason?: string;
  /** The command or setting that would help; only where it is not available. */
  readonly hint?: string;
}

/** A kind of device before anyone has tried it. */
export interface DeviceKind {
  readonly id: string;
  readonly name: string;
  /**
   * How far it is trusted. `reference`: a CPU, which the others of its format are compared with; it gets as many
   * one-thread sessions as there are cores. `compared`: each model is tried on it first, and the device dropped where the result differs.
   * `unchecked`: not meant to compute the model at all.
   */
  readonly trust: 'reference' | 'compared' | 'unchecked';
  /** It gets one worker whatever is asked for: used from two threads at once it takes the whole program down. */
  readonly oneThread?: true;
}

/**
 * An inference runtime. To add one: a file in this folder and its line in the registry; the conformance suite in
 * test/contract runs every entry.
 */
export interface InferenceBackend {
  readonly id: string;
  /** What it can open. */
  readonly formats: readonly ModelFormat[];
  /** The devices it knows of, tried or not; cheap. The one to prefer first. */
  readonly kinds: readonly DeviceKind[];
  /** Tries one of `kinds`; never throws. */
  inspect(device: string): Promise<DeviceInfo>;
  /** Throws MODEL_INVALID for weights that it cannot read, DEVICE_UNAVAILABLE for a device that does not start. */
  open(model: ModelSource, options: OpenOptions): Promise<InferenceSession>;
}
