/* Says so where Node is older than package.json asks for, in words that an older one reads. */
import { createRequire } from "module";

const { engines } = createRequire(import.meta.url)("./package.json");
const least = Number(engines.node.replace(">=", ""));

if (Number(process.versions.node.split(".")[0]) < least)
	throw new Error(`uncia needs Node ${least} or newer, and this is Node ${process.versions.node}`);
