import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Reference } from "./Reference";
import "../styles/base.css";
import "../styles/reference.css";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no root element.");
createRoot(root).render(
  <StrictMode>
    <Reference />
  </StrictMode>,
);
